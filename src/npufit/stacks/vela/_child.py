"""Vela with bounds on memory and file size, run as a script in a process of its own: `_child.py BYTES`.

It imports the compiler and then waits for a line on standard input: the arguments, as a JSON list. Where standard input
ends without one, it was not needed. It imports nothing of npufit, so that it costs no more than Vela itself.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress

_FILE_BYTES = 4 << 30


def _set_bounds(memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # not a POSIX system
        return
    bounds = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, limit in bounds:
        with suppress(OSError, ValueError):  # a stricter bound is set already, or the system has none
            resource.setrlimit(kind, (limit, limit))


def _main() -> int:
    _set_bounds(int(sys.argv[1]))
    from ethosu.vela.vela import main  # pyright: ignore[reportMissingTypeStubs]

    line = sys.stdin.readline()
    return main(json.loads(line)) if line else 0


if __name__ == "__main__":
    sys.exit(_main())
