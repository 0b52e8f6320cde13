"""One piece of evidence, and what it is worth beside others."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.measurements import Evidence


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of evidence. `shows_npu` is True if a counter of the NPU moved at least once for each call.

    Nothing contradicts such a count but another certain statement, and then nobody knows. `has_taken` is True if a
    runtime says that it took operators: TensorFlow Lite then does not compute these on the CPU either. `is_npus_own` is
    True for what the NPU counted itself; it goes first among evidence of the same verdict.
    """

    evidence: Evidence
    shows_npu: bool = False
    has_taken: bool = False
    is_npus_own: bool = False


def times(count: int) -> str:
    """Return how often something happened, in words."""
    return "once" if count == 1 else f"{count} times"
