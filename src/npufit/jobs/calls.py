"""A job's call as bytes, without its blobs, which travel apart."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from npufit.errors import InternalError
from npufit.jobs.job import Blob, Job


@dataclass(frozen=True, slots=True)
class Call:
    """What a worker process needs of a job: function and arguments, pickled, and the bytes of its blobs by digest."""

    packed: bytes
    blobs: Mapping[str, bytes]
    time_limit_s: float | None


def pack_call(job: Job) -> Call:
    """Return the call of `job`. Raises InternalError if it cannot be pickled."""
    stream = io.BytesIO()
    packer = _Packer(stream)
    try:
        packer.dump((job.function, job.arguments))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InternalError(f"the job cannot be sent to a worker: {error}") from None
    return Call(stream.getvalue(), packer.blobs, job.time_limit_s)


def unpack_call(packed: bytes, blobs: Mapping[str, Blob]) -> tuple[Callable[..., str], tuple[object, ...]]:
    """Return the function and arguments that `pack_call` packed."""
    return _Unpacker(io.BytesIO(packed), blobs).load()


class _Packer(pickle.Pickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self.blobs: dict[str, bytes] = {}

    def persistent_id(self, obj: Any) -> str | None:
        if not isinstance(obj, Blob):
            return None
        self.blobs[obj.digest] = obj.data
        return obj.digest


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, blobs: Mapping[str, Blob]) -> None:
        super().__init__(stream)
        self._blobs = blobs

    def persistent_load(self, pid: Any) -> Blob:
        return self._blobs[pid]
