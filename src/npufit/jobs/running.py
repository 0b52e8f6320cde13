"""What a worker of any executor does with a call: run it, and put its end into plain data."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from npufit.errors import InputError, InternalError, NpufitError
from npufit.jobs.calls import unpack_call
from npufit.jobs.job import Blob, Failure, Finished, Job, Trouble


class Ending(TypedDict):
    """How a call ended, as plain data: `trouble` is None and `text` the answer, or else `text` is the message."""

    trouble: str | None
    text: str
    seconds: float


def run_call(packed: bytes, blobs: Mapping[str, Blob]) -> Ending:
    """Return how the packed call ended. Raises only what ends a process."""
    start = time.perf_counter()
    try:
        function, arguments = unpack_call(packed, blobs)
        text = function(*arguments)
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InternalError(f"{function.__name__} returned {type(text).__name__}, not text.")
    except Exception as error:
        return failed(*_explain(error), time.perf_counter() - start)
    return {"trouble": None, "text": text, "seconds": time.perf_counter() - start}


def failed(trouble: Trouble, message: str, seconds: float = 0.0) -> Ending:
    """Return the ending of a call without an answer."""
    return {"trouble": trouble.value, "text": message, "seconds": seconds}


def finish(job: Job, ending: Ending) -> Finished:
    """Return the end of `job` that `ending` describes."""
    trouble = ending["trouble"]
    if trouble is None:
        return Finished(job, ending["text"], None, ending["seconds"])
    return Finished(job, None, Failure(Trouble(trouble), ending["text"]), ending["seconds"])


def explain_bug(error: Exception) -> str:
    """Return the message about an error that nobody foresaw, with its place."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"npufit failed: {type(error).__name__}: {error}{where}. This is a bug; please report it."


def _explain(error: Exception) -> tuple[Trouble, str]:
    if isinstance(error, InternalError) or not isinstance(error, NpufitError | MemoryError):
        return Trouble.BUG, explain_bug(error)
    if isinstance(error, MemoryError):
        return Trouble.TOOL, "More memory is needed than this machine has left. Use fewer workers."
    return Trouble.INPUT if isinstance(error, InputError) else Trouble.TOOL, str(error)
