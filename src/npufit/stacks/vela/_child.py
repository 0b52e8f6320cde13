"""Vela with limits on memory and file size, run as a script in its own process: `_child.py BYTES WAY WHAT [fork]`.

It prepares, then waits for a line on standard input: the arguments, as a JSON list. If standard input ends first, it
was not needed. WAY selects how Vela runs: `import` imports the compiler; `record` also lets `_recorder` write what it
saw to the file WHAT; `exec` becomes the program WHAT. It imports nothing from npufit, so that it costs no more than
Vela itself and runs in Vela's own Python: 3.7 and newer.

With `fork`, it serves any number of lines, each a folder, seconds and the arguments: a copy of the process, which has
imported Vela already, compiles in that folder; a line with the copy's end as `wait` reports it follows on standard
output.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module

_FILE_BYTES = 4 << 30
_PATIENCE = 8


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


def _main(memory: str, way: str, what: str, *more: str) -> int:
    _set_bounds(int(memory))
    if way == "exec":
        line = sys.stdin.readline()
        if line:
            os.execv(what, [what, *json.loads(line)])
        return 0
    recorder_class = import_module("_recorder").Recorder if way == "record" else None
    configs_class = import_module("_block_configs").BlockConfigs if more else None
    # What lies beside this script must hide no module of Vela's.
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != own]
    compiler = import_module("ethosu.vela.vela")
    recorder = None if recorder_class is None else recorder_class()

    def compile_model(arguments: list[str]) -> int:
        code: int = compiler.main(arguments) or 0
        if recorder is not None and not code:
            recorder.write(what)
        return code

    if not more:
        line = sys.stdin.readline()
        return compile_model(json.loads(line)) if line else 0
    configs = None
    with suppress(ImportError, AttributeError):  # a release that computes none
        configs = configs_class and configs_class()
    for line in iter(sys.stdin.readline, ""):
        folder, seconds, arguments = json.loads(line)
        with suppress(Exception):  # the copy will say what is wrong
            if configs is not None:
                configs.prepare(arguments)
        child = os.fork()
        if not child:
            _enter(folder, seconds)
            code = compile_model(arguments)
            sys.stdout.flush()
            os._exit(code)
        sys.stdout.write(f"{os.waitpid(child, 0)[1]}\n")
        sys.stdout.flush()
    return 0


def _enter(folder: str, seconds: float) -> None:
    """Work in `folder`, print into its files, and die of SIGPROF or SIGALRM when the time is over.

    The limit is on processor time, so that other programs on the machine change no answer; a copy that only waits has
    _PATIENCE times as long.
    """
    os.chdir(folder)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, descriptor)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number, timer, limit in (
        (signal.SIGPROF, signal.ITIMER_PROF, seconds),
        (signal.SIGALRM, signal.ITIMER_REAL, _PATIENCE * seconds),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, limit)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
