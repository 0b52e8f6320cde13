"""A Python that has imported LiteRT and forks for each session: under an emulator the import takes 20 s.

It keeps no model and loads no library itself, so each fork is as fresh as a new process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from .channel import Channel
from .litert import import_litert

_LARGEST_REQUEST_BYTES = 0


def serve_forks(requests: Channel, serve: Callable[[int, int], NoReturn]) -> NoReturn:
    """Fork whenever asked to, and tell how forks ended, until nobody asks any more.

    A request to fork brings the sockets of a session and the file for what is printed; `serve` runs in the fork.
    """
    with suppress(ImportError):  # the fork finds and tells the same
        import_litert()
    try:
        while True:
            head, _, descriptors = requests.receive(_LARGEST_REQUEST_BYTES)
            if head["do"] == "fork":
                requests.send({"process": _fork(requests, serve, *descriptors)})
            elif head["do"] == "kill":
                _kill(head["process"])
            else:
                _, status = os.waitpid(head["process"], 0)
                requests.send({"code": os.waitstatus_to_exitcode(status)})
    except (EOFError, OSError):
        os._exit(0)


def _fork(requests: Channel, serve: Callable[[int, int], NoReturn], control: int, calls: int, printed: int) -> int:
    process = os.fork()
    if not process:
        requests.close()
        _own_group(0)
        for standard in (1, 2):
            os.dup2(printed, standard)
        os.close(printed)
        serve(control, calls)
    for descriptor in (control, calls, printed):
        os.close(descriptor)
    _own_group(process)  # whoever comes first, the parent or the fork
    return process


def _own_group(process: int) -> None:
    with suppress(OSError):
        os.setpgid(process, process)


def _kill(process: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
