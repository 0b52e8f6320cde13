"""A board whose Python sees a virtual NPU, and whose /proc/interrupts counts the jobs that this NPU did."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

_PROGRAM = Path(__file__).with_name("counting_python.py")


class VirtualBoard:
    """A folder of files that a board has, to be used as NPUFIT_BOARD_ROOT.

    `python` is the board's: programs that it runs have the i.MX93's NPU, and each job that the NPU finishes adds one to
    the line of the ethosu driver, as Linux's handler of its interrupt would.
    """

    def __init__(self, folder: Path, kernel: str = "") -> None:
        """Make the files in `folder`; the driver of the Linux release `kernel` decides on command streams."""
        self.root = folder
        (folder / "proc").mkdir()
        self.interrupts = folder / "proc" / "interrupts"
        self.interrupts.write_text(
            "           CPU0       CPU1\n"
            " 13:       7310       6940     GICv3  27 Level     arch_timer\n"
            " 57:         41          0     GICv3 210 Level     ethosu\n"
            "IPI0:       120        155       Rescheduling interrupts\n"
        )
        (folder / "proc" / "uptime").write_text("4242.00 8000.00\n")
        self.python = folder / "python3"
        words = (sys.executable, str(_PROGRAM), str(self.interrupts), kernel)
        self.python.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        self.python.chmod(0o755)
