"""Vela with limits on memory and file size, run as a script in its own process: `_child.py BYTES WAY WHAT`.

It prepares, then waits for a line on standard input: the arguments, as a JSON list. If standard input ends first, it
was not needed. WAY selects how Vela runs: `import` imports the compiler; `record` also lets `_recorder` write what it
saw to the file WHAT; `exec` becomes the program WHAT. It imports nothing from npufit, so that it costs no more than
Vela itself and runs in Vela's own Python: 3.7 and newer.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from importlib import import_module

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


def _main(memory: str, way: str, what: str) -> int:
    _set_bounds(int(memory))
    if way == "exec":
        line = sys.stdin.readline()
        if line:
            os.execv(what, [what, *json.loads(line)])
        return 0
    recorder_class = import_module("_recorder").Recorder if way == "record" else None
    # What lies beside this script must hide no module of Vela's.
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != own]
    compiler = import_module("ethosu.vela.vela")
    recorder = None if recorder_class is None else recorder_class()
    line = sys.stdin.readline()
    code = compiler.main(json.loads(line)) if line else 0
    if recorder is not None and line and not code:
        recorder.write(what)
    return code


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:4]))
