"""A job's call as bytes, without its blobs, which travel apart."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from npufit.jobs.job import Blob, Job


def pack_call(job: Job) -> tuple[bytes, dict[str, Blob]]:
    """Return the function and arguments of `job`, pickled, and the blobs among them, by digest.

    Raises pickle.PicklingError, AttributeError or TypeError for what cannot be pickled.
    """
    stream = io.BytesIO()
    pickler = _Packer(stream)
    pickler.dump((job.function, job.arguments))
    return stream.getvalue(), pickler.blobs


def unpack_call(packed: bytes, blobs: Mapping[str, Blob]) -> tuple[Callable[..., str], tuple[object, ...]]:
    """Return the function and arguments that `pack_call` packed."""
    return _Unpacker(io.BytesIO(packed), blobs).load()


class _Packer(pickle.Pickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self.blobs: dict[str, Blob] = {}

    def persistent_id(self, obj: Any) -> str | None:
        if not isinstance(obj, Blob):
            return None
        self.blobs[obj.digest] = obj
        return obj.digest


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, blobs: Mapping[str, Blob]) -> None:
        super().__init__(stream)
        self._blobs = blobs

    def persistent_load(self, pid: Any) -> Blob:
        return self._blobs[pid]
