"""LiteRT in a process of its own: what a user's file does to it is an error here, never the end.

Nothing of numpy or LiteRT is imported by this, so that a command can start the process before it imports anything else.
"""

from npufit.litert.process import (
    ADDRESS_SPACE_BYTES,
    TIME_LIMIT_S,
    Failure,
    LitertFailureError,
    LitertRefusalError,
    Request,
)
from npufit.litert.worker import WORKER, LitertWorker, pack_values

__all__ = [
    "ADDRESS_SPACE_BYTES",
    "TIME_LIMIT_S",
    "WORKER",
    "Failure",
    "LitertFailureError",
    "LitertRefusalError",
    "LitertWorker",
    "Request",
    "pack_values",
]
