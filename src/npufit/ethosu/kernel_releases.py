"""Releases of Linux, and which changes of its `ethosu` driver each of them has."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from npufit.errors import InputError

_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?(-[\w.+-]{1,64})?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class KernelVersion:
    """A Linux release: a point release, or a series if `point` is -1; `note` says what is unknown about it."""

    major: int
    minor: int
    point: int = -1
    note: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return it in the usual spelling."""
        series = f"{self.major}.{self.minor}"
        return series if self.point < 0 else f"{series}.{self.point}"

    @property
    def series(self) -> tuple[int, int]:
        """The series of the release."""
        return self.major, self.minor

    @property
    def is_known(self) -> bool:
        """Whether it is known of every change if this point release has it."""
        return self.point >= 0 and all(len(history.choices(self)) == 1 for history in HISTORY)


RELEASES = tuple(KernelVersion(*numbers) for numbers in ((6, 19), (7, 0), (7, 1), (7, 2), (7, 3)))
"""The series that can be judged; the first one has the first `ethosu` driver."""

COMPILED = tuple(
    KernelVersion(*numbers)
    for numbers in (
        *((6, 19, 6), (6, 19, 8), (6, 19, 10), (6, 19, 11), (7, 1, 3), (7, 1, 8), (7, 1, 13), (7, 2, 6), (7, 2, 8)),
        *((7, 2, 9), (7, 2, 11), (7, 2, 12), (7, 2, 13), (7, 3, 4)),
    )
)
"""The point releases whose driver was read, compiled and compared (`make test-kernel`)."""


class Change(Enum):
    """Changes that a driver may have since its first version."""

    STRICT = "strict validation"
    ADDRESSES = "addresses and strides of 40 bits, not 32"
    SCALAR = "scalars of the U65 known"
    UNDERFLOW = "negative IFM sizes refused"
    RESIZE = "RESIZE refused"
    TRANSFERS = "overflowing transfers and missing payloads refused"
    ELEMENTS = "sizes of elements and storage modes respected"
    ROUNDING = "rounding mode not read as storage mode"
    STOP = "STOP required at the end"
    SRAM = "extent of the SRAM checked"
    JOB_SRAM = "extent of the SRAM compared with the job's"


@dataclass(frozen=True, slots=True)
class Span:
    """When a series got a change: no point release up to `absent` has it, every one from `present` on does.

    -1 and None say that no such release is known.
    """

    absent: int = -1
    present: int | None = None

    def choices(self, point: int) -> tuple[bool, ...]:
        """Return what is possible for a point release: it has the change, it lacks it, or both if that is unknown."""
        if point <= self.absent:
            return (False,)
        return (True,) if self.present is not None and point >= self.present else (False, True)

    @property
    def starts(self) -> Iterator[int]:
        """The point releases at which the answer may change."""
        yield 0
        yield self.absent + 1
        if self.present is not None:
            yield self.present

    def describe(self, series: KernelVersion) -> str:
        """Return it in words, for a table."""
        if self == NEVER:
            return "no"
        if self == UNKNOWN:
            return "?"
        if self.present is None:
            return f"not up to {series}.{self.absent}"
        if self.present == self.absent + 1:
            return f"from {series}.{self.present}" if self.present else "yes"
        return f"by {series}.{self.present}" + (f", not up to {series}.{self.absent}" if self.absent >= 0 else "")


ALWAYS, NEVER, UNKNOWN = Span(-1, 0), Span(9999), Span()


@dataclass(frozen=True, slots=True)
class History:
    """Which releases have a change: a span for each of `RELEASES`."""

    change: Change
    commits: str
    spans: tuple[Span, ...]

    def choices(self, release: KernelVersion) -> tuple[bool, ...]:
        """Return whether a point release has the change: one answer, or both if that is unknown."""
        return self.span(release).choices(release.point)

    def span(self, release: KernelVersion) -> Span:
        """Return when the series of `release` got the change."""
        return next(span for series, span in zip(RELEASES, self.spans, strict=True) if series.series == release.series)


HISTORY = (
    History(Change.STRICT, "newest seen, in no release up to 7.3.4",
            (NEVER, NEVER, Span(13), Span(13), Span(4))),
    History(Change.ADDRESSES, "7be41fb00e2c", (Span(6, 8), ALWAYS, ALWAYS, ALWAYS, ALWAYS)),
    History(Change.SCALAR, "838ae99f9a77", (Span(6, 8), ALWAYS, ALWAYS, ALWAYS, ALWAYS)),
    History(Change.UNDERFLOW, "021f1b77f70d", (Span(11), UNKNOWN, Span(-1, 3), ALWAYS, ALWAYS)),
    History(Change.RESIZE, "ef911805d86a", (Span(11), UNKNOWN, ALWAYS, ALWAYS, ALWAYS)),
    History(Change.TRANSFERS, "f5376d7e0fb7", (Span(11), UNKNOWN, Span(-1, 3), ALWAYS, ALWAYS)),
    History(Change.ELEMENTS, "18a551482a4a", (NEVER, NEVER, Span(3, 8), ALWAYS, ALWAYS)),
    History(Change.ROUNDING, "db9deec5a345", (NEVER, NEVER, Span(13), Span(6, 7), ALWAYS)),
    History(Change.STOP, "eb3a41fd35e3", (NEVER, NEVER, Span(13), Span(6, 7), ALWAYS)),
    History(Change.SRAM, "ethosu_job.c @146cc263e457", (NEVER, NEVER, Span(13), Span(-1, 6), ALWAYS)),
    History(Change.JOB_SRAM, "ethosu_job.c of 7.2.8", (NEVER, NEVER, Span(13), Span(6, 7), ALWAYS)),
)  # fmt: skip
"""Which release has which change. Known from the compiled releases; from Debian's change log for 7.2.7; and because a
fix is in mainline before any stable series has it, and in every newer series that is still maintained: 6.19 and 7.0
ended before what 7.1.3 lacks was written, and 7.0 and 7.2 were released after 6.19.8 and 7.1.8. RESIZE was refused
from 7.1-rc7 on."""


def parse_kernel(text: str) -> KernelVersion:
    """Return the release that `text` names, such as 7.1, 7.2.9 or v7.2-rc3.

    Raises InputError if it is not a release, or older than 6.19.
    """
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise InputError(
            f"'{text[:40]}' is not a kernel release. Write one such as {RELEASES[0]}, 7.2.9 or {RELEASES[-1]}."
        )
    asked = KernelVersion(int(match[1]), int(match[2]), int(match[3]) if match[3] else -1)
    if asked.series < RELEASES[0].series:
        raise InputError(
            f"{text.strip()}: there is no ethosu driver before {RELEASES[0]}. Give that release or a later one."
        )
    nearest = max(release for release in RELEASES if release.series <= asked.series)
    if nearest.series != asked.series:
        note = f"Linux {asked} is not known here; it is judged as {nearest}, the nearest one before it."
        return KernelVersion(*nearest.series, note=note)
    if match[4]:
        note = f"{text.strip()} is judged as {nearest}: it is unknown which fixes a candidate took."
        return KernelVersion(*nearest.series, note=note)
    unread = asked.point >= 0 and not asked.is_known
    note = f"Linux {asked} was not read: it is unknown which fixes it took." if unread else ""
    return KernelVersion(asked.major, asked.minor, asked.point, note)


def possible_drivers(kernel: KernelVersion) -> Iterator[dict[Change, bool]]:
    """Yield the changes of every possible driver of the release; for a series, those of any point release."""
    points = {kernel.point}
    if kernel.point < 0:
        points = {start for history in HISTORY for start in history.span(kernel).starts if start <= NEVER.absent}
    seen: set[tuple[bool, ...]] = set()
    for point in sorted(points):
        release = KernelVersion(*kernel.series, point)
        for driver in itertools.product(*(history.choices(release) for history in HISTORY)):
            if driver not in seen:
                seen.add(driver)
                yield dict(zip((history.change for history in HISTORY), driver, strict=True))


def known_ranges() -> tuple[tuple[KernelVersion, int | None], ...]:
    """Return the point releases of all known series in ranges that the sources do not distinguish, oldest first.

    Each is its first release and its last point, None if it is open.
    """
    ranges: list[tuple[KernelVersion, int | None]] = []
    for series in RELEASES:
        starts = {start for history in HISTORY for start in history.span(series).starts}
        points = sorted(start for start in starts if start <= NEVER.absent)
        ends = (*(point - 1 for point in points[1:]), None)
        ranges += ((KernelVersion(*series.series, point), end) for point, end in zip(points, ends, strict=True))
    return tuple(ranges)
