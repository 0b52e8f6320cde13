"""Compressed weights to weights, with Vela's codec in separate processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from npufit.child_process import python_script, run_child
from npufit.errors import ToolError

_CHILD = Path(__file__).with_name("_decode_child.py")
_TIME_LIMIT_S = 300.0
_MOST_RESULT_BYTES = 4 << 30
_LENGTH_BYTES = 4
_MOST_PROCESSES = 4
_SMALL_BYTES = 1 << 18
"""Fewer bytes than this do not justify another process."""

Weights = npt.NDArray[np.int16]


def decode_streams(streams: Sequence[bytes]) -> tuple[Weights | None, ...]:
    """Return the weights of every stream, with padding, in hardware order; None for an invalid stream.

    Raises ToolError if the codec cannot be run.
    """
    distinct = list(dict.fromkeys(streams))
    total = sum(len(stream) for stream in distinct)
    count = max(1, min(_MOST_PROCESSES, os.cpu_count() or 1, total // _SMALL_BYTES))
    shares: list[list[bytes]] = [[] for _ in range(count)]
    sizes = [0] * count
    for stream in sorted(distinct, key=len, reverse=True):
        share = sizes.index(min(sizes))
        shares[share].append(stream)
        sizes[share] += len(stream)
    decoded: dict[bytes, Weights | None] = {}
    errors: list[OSError | ToolError] = []

    def work(share: list[bytes]) -> None:
        try:
            decoded.update(_decode_share(share))
        except (OSError, ToolError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(share,)) for share in shares if share]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise ToolError(f"Vela's weight codec could not be run: {errors[0]}.")
    return tuple(decoded[stream] for stream in streams)


def _decode_share(streams: list[bytes]) -> dict[bytes, Weights | None]:
    """Decode in one process; if a stream ends it, continue after that stream in another."""
    decoded: dict[bytes, Weights | None] = {}
    rest = streams
    while rest:
        results, complete = _run(rest)
        decoded.update(zip(rest, results, strict=False))
        rest = rest[len(results) :]
        if rest:
            if complete:
                raise ToolError("the codec ended early without an error")
            decoded[rest[0]] = None
            rest = rest[1:]
    return decoded


def _run(streams: list[bytes]) -> tuple[list[Weights], bool]:
    """Return what one process decoded before it ended, and whether it ended normally."""
    request = b"".join(len(stream).to_bytes(_LENGTH_BYTES, "little") + stream for stream in streams)
    child = run_child(python_script(_CHILD), _TIME_LIMIT_S, given=request, most_bytes=_MOST_RESULT_BYTES)
    if child.code is None:
        raise ToolError(f"decoding took longer than {_TIME_LIMIT_S:g} s")
    if b"ModuleNotFoundError" in child.errors or b"ImportError" in child.errors:
        raise ToolError(
            "the package ethos-u-vela is not installed; install it with pip install 'ethos-u-vela>=5.2,<5.3'"
        )
    results: list[Weights] = []
    position = 0
    while position + _LENGTH_BYTES <= len(child.output):
        count = int.from_bytes(child.output[position : position + _LENGTH_BYTES], "little")
        position += _LENGTH_BYTES
        if position + 2 * count > len(child.output):
            break
        results.append(np.frombuffer(child.output, "<i2", count, position).astype(np.int16, copy=False))
        position += 2 * count
    return results, child.code == 0
