"""The driver's own checks in a process: its unchanged sources, compiled with our stand-in for the rest of Linux."""

from __future__ import annotations

import errno
import hashlib
import re
import struct
import subprocess
from pathlib import Path
from typing import Self

from kernel.answers import Answer
from npufit.ethosu import Submission

_HERE = Path(__file__).parent
_COMPILED = ("ethosu_gem.c", "ethosu_job.c")
_INCLUDED = re.compile(r"^#include <((?:linux|drm)/[\w/.]+)>", re.MULTILINE)
_REGIONS = 8
_REQUEST = struct.Struct(f"=4I{_REGIONS}Q")
_ANSWER = struct.Struct(f"=2i{_REGIONS}Q")


class CompileError(Exception):
    """The compiler is missing or refused the driver; the message holds its output."""


def fingerprint(source: Path) -> str:
    """Return what tells the compiled files of two releases apart."""
    return hashlib.sha256(b"".join((source / name).read_bytes() for name in _COMPILED)).hexdigest()


def build(source: Path, folder: Path) -> Path:
    """Compile the driver in `source` below `folder` and return the program. Raises CompileError."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*source.glob("*.h"), *(source / name for name in _COMPILED)):
        for header in _INCLUDED.findall(path.read_text()):
            stub = folder / "include" / header
            stub.parent.mkdir(parents=True, exist_ok=True)
            stub.touch()
    include = folder / "include" / "drm"
    (include / "drm.h").touch()
    (include / "ethosu_accel.h").write_bytes((source / "ethosu_accel.h").read_bytes())
    program = folder / "judge"
    command = [
        *("cc", "-O2", "-w", "-std=gnu11", "-fwrapv", "-fno-strict-aliasing", "-include", str(_HERE / "linux.h")),
        *("-I", str(source), "-I", str(folder / "include"), "-o", str(program), str(_HERE / "judge.c")),
        *(str(source / name) for name in _COMPILED),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CompileError("this needs a C compiler called cc.") from None
    if done.returncode:
        raise CompileError(f"{' '.join(command)}\n{done.stderr}")
    return program


class Validator:
    """A compiled driver that answers about streams; a context manager."""

    def __init__(self, program: Path) -> None:
        """Start `program`."""
        self._process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def judge(self, stream: bytes, submission: Submission | None) -> Answer:
        """Return what the driver says to `stream` and, if it takes it, to its submission."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        sizes = dict(submission.buffers) if submission else {}
        sram = (submission.sram_bytes, submission.hardware_sram_bytes) if submission else (0, 0)
        buffers = (sizes.get(region, 0) for region in range(_REGIONS))
        self._process.stdin.write(_REQUEST.pack(len(stream), submission is not None, *sram, *buffers) + stream)
        self._process.stdin.flush()
        created, submitted, *extents = _ANSWER.unpack(self._process.stdout.read(_ANSWER.size))
        used = {region: end for region, end in enumerate(extents) if end}
        return Answer(_name(created), _name(submitted), used)


def _name(number: int) -> str | None:
    return errno.errorcode[-number] if number else None
