"""`counting_python.py INTERRUPTS KERNEL PROGRAM…`: a Python program on the virtual NPU, its jobs counted in a file."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from npufit.hosting import HostOptions, host


def main() -> int:
    """Return the program's exit code."""
    interrupts, kernel, *program = sys.argv[1:]
    result = host([sys.executable, *program], "imx93", HostOptions(kernel or None, environment=dict(os.environ)))
    path = Path(interrupts)
    path.write_text(
        re.sub(
            r"(\d+: +)(\d+)(?=.* ethosu\n)",
            lambda line: f"{line[1]}{int(line[2]) + result.submissions}",
            path.read_text(),
        )
    )
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main())
