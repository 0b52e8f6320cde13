"""Whether a program that the user gives can run on the board: read off its ELF header."""

from __future__ import annotations

from pathlib import Path

from npufit.errors import InputError
from npufit.formatting import printable

_HEADER_BYTES = 20
_BEGINNING_BYTES = 4096
"""Has the name of the dynamic loader, which linkers put right after the program headers."""

_ANDROID = b"/system/bin/linker"
_MACHINES = {0x3E: "x86_64", 0xB7: "aarch64", 0x28: "arm", 0xF3: "riscv", 0x03: "i386"}
_EXECUTABLE = (2, 3)
"""e_type: an executable, or a position-independent one."""

_FAMILIES = {
    "arm64": "aarch64",
    "armv7l": "arm",
    "armv8l": "arm",
    "armv6l": "arm",
    "i686": "i386",
    "amd64": "x86_64",
    "riscv64": "riscv",
}
_TAKES = {"aarch64": ("aarch64", "arm"), "x86_64": ("x86_64", "i386")}
"""What a kernel of an architecture may run: the user space of a 64-bit kernel is often 32-bit."""


def check_program(path: Path, architecture: str) -> None:
    """Raise InputError unless the file at `path` is a program for `architecture`, as `uname -m` prints it.

    A shell script is one anywhere.
    """
    name = printable(path.name)
    try:
        with path.open("rb") as file:
            header = file.read(_BEGINNING_BYTES)
    except OSError as error:
        raise InputError(f"--tool {name}: {error.strerror or error}.") from None
    if header.startswith(b"#!"):
        return
    if header[:4] != b"\x7fELF" or len(header) < _HEADER_BYTES or header[5] not in (1, 2):
        raise InputError(
            f"--tool {name}: not a program for Linux. Give a benchmark_model, such as "
            "linux_aarch64_benchmark_model of TensorFlow Lite's or LiteRT's releases."
        )
    order = "little" if header[5] == 1 else "big"
    kind, number = int.from_bytes(header[16:18], order), int.from_bytes(header[18:20], order)
    machine = _MACHINES.get(number, f"machine {number}")
    wanted = _FAMILIES.get(architecture, architecture)
    if kind not in _EXECUTABLE:
        raise InputError(f"--tool {name}: an object file, not a program.")
    if _ANDROID in header:
        raise InputError(f"--tool {name}: a program for Android. Give the one for Linux, linux_*_benchmark_model.")
    if wanted and machine not in _TAKES.get(wanted, (wanted,)):
        raise InputError(f"--tool {name}: a program for {machine}; the board is {architecture}.")
