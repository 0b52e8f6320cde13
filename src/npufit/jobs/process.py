"""One worker process: the parent's side."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from npufit.child_process import deadline, end_words, python_script, start_child, stop_child
from npufit.errors import ToolError
from npufit.jobs.calls import Call
from npufit.jobs.frames import receive_frame, send_frame
from npufit.jobs.job import Trouble
from npufit.jobs.running import Ending, failed

_MOST_BLOB_BYTES = 512 << 20
"""What a worker keeps of blobs; those used longest ago are forgotten first."""
_GRACE_S = 1.0


class WorkerProcess:
    """A process that runs one call at a time. After a crash or a time limit it is gone (`is_alive`)."""

    def __init__(self) -> None:
        """Start the process; it imports npufit meanwhile. Raises ToolError if it cannot be started."""
        try:
            command = python_script(Path(__file__).with_name("_child.py"))
            self._child = start_child(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        except OSError as error:
            raise ToolError(f"A worker process could not be started: {error.strerror or error}.") from None
        self._blobs: dict[str, int] = {}
        self._is_ready = False
        self._send(json.dumps(sys.path).encode())

    @property
    def is_alive(self) -> bool:
        """Whether it can take another call."""
        return self._child.poll() is None

    def run(self, call: Call) -> Ending:
        """Return how `call` ended. Raises ToolError if the process dies before it could begin."""
        self._await_start()
        limit = math.inf if call.time_limit_s is None else call.time_limit_s
        with deadline(self._child, limit, self.stop) as expired:
            self._send(pickle.dumps((*self._renew(call.blobs), call.packed), pickle.HIGHEST_PROTOCOL))
            reply = receive_frame(self._stdout)
        if reply is not None:
            return json.loads(reply)
        self.stop()
        if expired.is_set():
            return failed(Trouble.TIME, f"Not finished within {limit:g} s; it was stopped.")
        return failed(Trouble.CRASH, f"The worker process died ({end_words(self._child.wait())}).")

    def stop(self, _: object = None) -> None:
        """End the process and what its job has started."""
        stop_child(self._child, _GRACE_S)

    def close(self) -> None:
        """End the process and close its pipes; only the thread that runs jobs may do this."""
        self.stop()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with suppress(OSError):  # it still had something to say to the dead
                    pipe.close()

    def _await_start(self) -> None:
        if not self._is_ready and receive_frame(self._stdout) is None:
            self.stop()
            raise ToolError(f"A worker process ended at its start ({end_words(self._child.wait())}).")
        self._is_ready = True

    def _send(self, data: bytes) -> None:
        assert self._child.stdin is not None
        with suppress(OSError):  # it is dead; the missing reply tells
            send_frame(self._child.stdin, data)

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._child.stdout is not None
        return self._child.stdout

    def _renew(self, wanted: Mapping[str, bytes]) -> tuple[list[str], dict[str, bytes]]:
        """Return the digests that the process is to forget, and the bytes that it does not have yet."""
        new = {digest: data for digest, data in wanted.items() if digest not in self._blobs}
        sizes = {digest: size for digest, size in self._blobs.items() if digest not in wanted}
        sizes |= {digest: len(data) for digest, data in wanted.items()}
        total = sum(sizes.values())
        forgotten: list[str] = []
        for digest, size in sizes.items():
            if total <= _MOST_BLOB_BYTES or digest in wanted:
                break
            forgotten.append(digest)
            total -= size
        self._blobs = {digest: size for digest, size in sizes.items() if digest not in forgotten}
        return forgotten, new
