"""LiteRT for all of npufit: one process, started early, used for all models, restarted after it died.

Users' files are untrusted, and some make LiteRT itself overwrite its memory. Here that is an error, not the end.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from npufit.litert.process import LitertProcess, LitertRefusalError, Request

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


class LitertWorker:
    """LiteRT in its own process. One request at a time; threads wait for each other.

    `generation` counts the processes; `served` has the numbers of the models given to the current one.
    """

    def __init__(self) -> None:
        """Create the worker; the process starts with `prepare` or the first request."""
        self._lock = threading.Lock()
        self._process: LitertProcess | None = None
        self._next_model = 0
        self._unwanted: list[int] = []
        self.generation = 0
        self.served: set[int] = set()

    def prepare(self) -> None:
        """Start the process, so that the first request does not wait for its imports."""
        with self._lock:
            self._living()

    def new_model(self) -> int:
        """Return a number for the model that is loaded next."""
        self._next_model += 1
        return self._next_model

    def forget(self, model: int) -> None:
        """Schedule a model to be unloaded with the next request."""
        self._unwanted.append(model)

    def exchange(self, request: Request) -> tuple[int, dict[int, Array]]:
        """Return the generation of the process that served `request`, and the tensors that it sent, by index.

        Raises LitertRefusalError if LiteRT refuses, LitertFailureError if it dies or exceeds a limit, ToolError if it
        is missing. After a failure the process and all its models are gone; the next request starts another one.
        """
        with self._lock:
            process = self._living()
            unwanted, self._unwanted = self._unwanted, []
            self.served.add(request.head["model"])
            head = {**request.head, "drop": unwanted, "bytes": sum(map(len, request.data))}
            try:
                return self.generation, process.exchange(head, request)
            except LitertRefusalError:
                raise
            except BaseException:
                self._end()
                raise

    def stop(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _living(self) -> LitertProcess:
        if self._process is not None and (self._process.owner != os.getpid() or not self._process.is_alive):
            self._end()
        if self._process is None:
            self._process = LitertProcess()
            self.generation += 1
            self.served = set()
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


WORKER = LitertWorker()
"""The worker that all of npufit uses."""


def pack_values(values: Mapping[int, Array]) -> tuple[list[list[Any]], list[memoryview]]:
    """Return the description of arrays by tensor index for a request, and their bytes."""
    import numpy as np

    rows: list[list[Any]] = []
    parts: list[memoryview] = []
    for index, array in values.items():
        plain = np.ascontiguousarray(array)
        rows.append([index, plain.dtype.str, plain.shape, plain.nbytes])
        parts.append(plain.reshape(-1).view(np.uint8).data)
    return rows, parts
