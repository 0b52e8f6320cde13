"""LiteRT in its own process: whatever a user's file does to it is an error here, never the end.

This imports neither numpy nor LiteRT, so that a command can start the process before it imports anything else.
"""

from npufit.litert.process import (
    ADDRESS_SPACE_BYTES,
    LARGEST_RESULT_BYTES,
    TIME_LIMIT_S,
    Failure,
    LitertFailureError,
    LitertRefusalError,
    Request,
)
from npufit.litert.worker import WORKER, LitertWorker, pack_values

__all__ = [
    "ADDRESS_SPACE_BYTES",
    "LARGEST_RESULT_BYTES",
    "TIME_LIMIT_S",
    "WORKER",
    "Failure",
    "LitertFailureError",
    "LitertRefusalError",
    "LitertWorker",
    "Request",
    "pack_values",
]
