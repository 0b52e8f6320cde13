"""A worker, run as a script in its own process: `_child.py`. The other side is `process.py`.

The first message on standard input is the parent's module search path (JSON); the reply says that the worker is ready.
Each further message is a pickled request: digests of blobs to forget, new blobs, and a call. The reply is its ending
(JSON). The end of standard input is the end of the worker, even in the middle of a job.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import queue
import signal
import sys
import threading
from contextlib import suppress
from typing import IO

_NICENESS = 5
_GRACE_S = 1.0
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def _main() -> None:
    source, sink = _take(0, "rb"), _take(1, "wb")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    for name in _ONE_THREAD:
        os.environ[name] = "1"
    with suppress(OSError, AttributeError):  # the machine stays usable while all cores work
        os.nice(_NICENESS)
    gc.set_threshold(100_000)
    path_given = _receive_path(source)
    if path_given is None:
        return
    sys.path[:] = path_given
    from npufit.jobs.frames import receive_frame, send_frame
    from npufit.jobs.job import Blob
    from npufit.jobs.running import run_call

    requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def listen() -> None:
        while (request := receive_frame(source)) is not None:
            requests.put(request)
        requests.put(None)
        # A job that runs now is stopped like by `stop_child`: it may end what it started.
        threading.Timer(_GRACE_S, os._exit, (1,)).start()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=listen, daemon=True).start()
    send_frame(sink, b"{}")
    blobs: dict[str, Blob] = {}
    while (request := requests.get()) is not None:
        forgotten, new, call = pickle.loads(request)
        del request
        for digest in forgotten:
            blobs.pop(digest, None)
        blobs |= {digest: Blob(data) for digest, data in new.items()}
        send_frame(sink, json.dumps(run_call(call, blobs)).encode())


def _take(descriptor: int, mode: str) -> IO[bytes]:
    """Return a standard stream as a file that children do not inherit, and leave an empty one in its place."""
    own = os.dup(descriptor)
    with open(os.devnull, mode) as nothing:
        os.dup2(nothing.fileno(), descriptor)
    return os.fdopen(own, mode)


def _receive_path(source: IO[bytes]) -> list[str] | None:
    """Return the first message; npufit cannot be imported before it is known where."""
    length = int.from_bytes(source.read(8), "little")
    return json.loads(source.read(length)) if length else None


def _leave(*_: object) -> None:
    """End the worker by an exception, so that whatever a job has started is ended on the way."""
    raise SystemExit(1)


if __name__ == "__main__":
    _main()
