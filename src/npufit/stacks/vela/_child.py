"""Vela with a bound on its address space: `_child.py BYTES ARGUMENTS...`, run as a script in a process of its own.

It imports nothing of npufit, so that the process costs no more than Vela itself.
"""

from __future__ import annotations

import sys


def _bound_memory(limit_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # not a POSIX system
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):  # a stricter bound is set already, or the system has none
        return


def _main() -> int:
    _bound_memory(int(sys.argv[1]))
    from ethosu.vela.vela import main  # pyright: ignore[reportMissingTypeStubs]

    return main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(_main())
