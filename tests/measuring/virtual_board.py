"""A board whose Python sees a virtual NPU, and whose /proc/interrupts counts the jobs that this NPU did."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from boards.fake_boards import write_board

_PROGRAM = Path(__file__).with_name("counting_python.py")
_FAKES = ("usr/bin/benchmark_model", "usr/lib/aarch64-linux-gnu/libteflon.so")
"""Files of the board without a use: what runs here is real."""


class VirtualBoard:
    """An i.MX93 with mainline Linux as a folder of files, to be used as NPUFIT_BOARD_ROOT.

    `python` is the board's: programs in files that it runs have the i.MX93's NPU, and each job that the NPU finishes
    adds one to the line of the ethosu driver, as Linux's handler of its interrupt would.
    """

    def __init__(self, folder: Path, kernel: str = "") -> None:
        """Make the files in `folder`; the driver of the Linux release `kernel` decides on command streams."""
        self.root = write_board("imx93-mainline", folder)
        for fake in _FAKES:
            (self.root / fake).unlink()
        self.python = self.root / "usr" / "bin" / "python3"
        words = (sys.executable, str(_PROGRAM), str(self.root / "proc" / "interrupts"), kernel)
        python = shlex.quote(sys.executable)
        self.python.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec {python} "$@"\nexec {shlex.join(words)} "$@"\n')
        self.python.chmod(0o755)
