"""What Linux says about compiled calls: a verdict for each of them, and for all of them over all known releases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from npufit.chips import load_chip
from npufit.ethosu import (
    CompiledCall,
    KernelVerdict,
    KernelVersion,
    judge,
    judge_releases,
    known_ranges,
    submission_of,
)


@dataclass(frozen=True, slots=True)
class KernelRange:
    """Point releases of one series, such as 7.2, with the same verdict on all calls of a file together.

    `last` is None if no end is known. `accepted` is None if the sources leave it open. `errno` is empty unless one
    number is certain; `why` is empty if nothing is refused.
    """

    series: str
    first: int
    last: int | None
    accepted: bool | None
    errno: str = ""
    why: str = ""

    @property
    def start(self) -> KernelVersion:
        """The first release of the range."""
        major, minor = self.series.split(".")
        return KernelVersion(int(major), int(minor), self.first)

    @property
    def name(self) -> str:
        """The releases in words: `7.2.0 to 7.2.6`, `7.2 from 7.2.7`."""
        if self.last is None:
            return self.series if not self.first else f"{self.series} from {self.start}"
        return str(self.start) if self.last == self.first else f"{self.start} to {self.series}.{self.last}"


def sram_of(chip: str) -> int:
    """Return the bytes of SRAM that Linux's ethosu driver has on `chip`, whose file has [stacks.direct]."""
    return int(load_chip(chip).stack_settings("direct")["sram"].value) << 10


def judge_calls(calls: Iterable[CompiledCall], kernel: KernelVersion, chip: str) -> tuple[KernelVerdict, ...]:
    """Return whether `kernel` accepts each of `calls` on `chip`.

    A call is submitted with buffers for exactly the regions that it uses and with the SRAM that Vela planned.
    """
    sram_bytes = sram_of(chip)
    return tuple(judge(call.program.stream, kernel, submission_of(call.program, sram_bytes)) for call in calls)


def judge_known_releases(calls: Sequence[CompiledCall], chip: str) -> tuple[KernelRange, ...]:
    """Return which of the known releases accept all of `calls` on `chip`: ranges, the oldest first.

    Neighbouring releases of a series with the same verdict are one range.
    """
    sram_bytes = sram_of(chip)
    ranges = known_ranges()
    starts = [start for start, _ in ranges]
    by_call = [judge_releases(call.program.stream, starts, submission_of(call.program, sram_bytes)) for call in calls]
    return joined(
        _range(start, last, [verdicts[place] for verdicts in by_call]) for place, (start, last) in enumerate(ranges)
    )


def _range(start: KernelVersion, last: int | None, verdicts: Sequence[KernelVerdict]) -> KernelRange:
    against = [verdict for verdict in verdicts if verdict.accepted is not True]
    refused = [verdict for verdict in against if verdict.accepted is False]
    # Whoever runs the calls in order sees the number of the first one that is refused.
    worst = next(iter(refused or against), None)
    series = f"{start.major}.{start.minor}"
    if worst is None:
        return KernelRange(series, start.point, last, True)
    why = worst.findings[0].check.statement
    return KernelRange(
        series, start.point, last, False if refused else None, (worst.errno or "") if refused else "", why
    )


def joined(ranges: Iterable[KernelRange]) -> tuple[KernelRange, ...]:
    """Return `ranges`, neighbours of a series with the same verdict as one."""
    found: list[KernelRange] = []
    for entry in ranges:
        if found and replace(found[-1], first=entry.first, last=entry.last) == entry:
            found[-1] = replace(found[-1], last=entry.last)
        else:
            found.append(entry)
    return tuple(found)


def names(ranges: Iterable[KernelRange]) -> str:
    """Return ranges in words, such as `6.19, 7.1.0 to 7.1.3`."""
    return ", ".join(entry.name for entry in ranges)
