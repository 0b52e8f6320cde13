"""One piece of evidence, and what it is worth beside others."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.measurements import Evidence


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of evidence. `shows_npu` is True if a counter of the NPU moved at least once for each call.

    Nothing contradicts such a count but another certain statement, and then nobody knows.
    """

    evidence: Evidence
    shows_npu: bool = False
