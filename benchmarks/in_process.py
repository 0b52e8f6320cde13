"""What it costs a Python program to load a library inside `npufit.virtual_npu`: two programs that differ in that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_LIBRARY = """
#include <fcntl.h>
#include <sys/ioctl.h>
int ask(const char *path, unsigned long request, void *argument) {
    return ioctl(open(path, O_RDWR), request, argument);
}
"""

_ALONE = """
import ctypes, sys
from ai_edge_litert.interpreter import Interpreter
Interpreter(sys.argv[1]).allocate_tensors()
library = ctypes.CDLL(sys.argv[2])
"""

_ON_THE_NPU = """
import ctypes, sys
import npufit
from ai_edge_litert.interpreter import Interpreter
Interpreter(sys.argv[1]).allocate_tensors()
with npufit.virtual_npu("imx93/teflon@25.3", sys.argv[2]):
    library = ctypes.CDLL(sys.argv[2])
    version = ctypes.create_string_buffer(64)
    assert library.ask(b"/dev/accel/accel0", ctypes.c_ulong(0xC0406400), version) == 0
"""


def programs(model: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Return the commands of a program with a virtual NPU, and of the same without one. It needs a C compiler."""
    source, library = folder / "asking.c", folder / "asking.so"
    source.write_text(_LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    ours, theirs = ([sys.executable, "-c", code, str(model), str(library)] for code in (_ON_THE_NPU, _ALONE))
    return ours, theirs
