"""Which releases of Linux accept the streams of a bundle, all together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from npufit.deploying.manifest import KernelRange
from npufit.errors import InputError
from npufit.ethosu import HISTORY, RELEASES, KernelVersion, Submission, judge
from npufit.stacks import Target

_LAST_POINT = 9999
"""Stands for all later point releases."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A stream and what is submitted with it."""

    stream: bytes
    submission: Submission


@dataclass(frozen=True, slots=True)
class Verdict:
    """A release's verdict on all streams: True, False, or None if the sources leave it open."""

    accepted: bool | None
    errno: str | None = None
    why: str | None = None


def judge_all(submitted: Iterable[Submitted], kernel: KernelVersion) -> Verdict:
    """Return the verdict of `kernel` on all streams: the worst of theirs, with the first check that says so."""
    worst = Verdict(accepted=True)
    for entry in submitted:
        found = judge(entry.stream, kernel, entry.submission)
        if found.accepted:
            continue
        why = found.findings[0].check.statement if found.findings else None
        if found.accepted is False:
            return Verdict(False, found.errno, why)
        worst = worst if worst.accepted is None else Verdict(None, found.errno, why)
    return worst


def kernel_ranges(submitted: Sequence[Submitted]) -> tuple[KernelRange, ...]:
    """Return the verdict of every known release, neighbours with the same one together."""
    return tuple(entry for series in RELEASES for entry in _ranges_of(submitted, series))


def _ranges_of(submitted: Sequence[Submitted], series: KernelVersion) -> Iterator[KernelRange]:
    starts = sorted({start for history in HISTORY for start in history.span(series).starts if start <= _LAST_POINT})
    verdicts = [judge_all(submitted, KernelVersion(*series.series, point)) for point in starts]
    firsts = [
        position for position in range(len(starts)) if position == 0 or verdicts[position] != verdicts[position - 1]
    ]
    for position, following in zip(firsts, [*firsts[1:], None], strict=True):
        verdict = verdicts[position]
        word = {True: "accepted", False: "refused", None: "unknown"}[verdict.accepted]
        last = None if following is None else starts[following] - 1
        yield KernelRange(str(series), starts[position], last, word, verdict.errno, verdict.why)  # pyright: ignore[reportArgumentType]


def accepting(ranges: Iterable[KernelRange]) -> tuple[str, ...]:
    """Return the releases that accept the streams in words: `6.19`, `7.1.0 to 7.1.3`, `7.2.7 and later 7.2`."""
    return tuple(_in_words(entry) for entry in ranges if entry.verdict == "accepted")


def release_to_use(ranges: Sequence[KernelRange], asked: KernelVersion) -> str | None:
    """Return a release that accepts the streams, of the series of `asked` or the newest; None if none does."""
    found = [entry for entry in ranges if entry.verdict == "accepted"]
    own = [entry for entry in found if entry.series == f"{asked.major}.{asked.minor}"]
    if not found:
        return None
    best = (own or found)[-1]
    return best.series if best.first == 0 and best.to is None else f"{best.series}.{best.first}"


def _in_words(entry: KernelRange) -> str:
    if entry.to is None:
        return entry.series if entry.first == 0 else f"{entry.series}.{entry.first} and later"
    if entry.first == entry.to:
        return f"{entry.series}.{entry.first}"
    return f"{entry.series}.{entry.first} to {entry.series}.{entry.to}"


def require_accepted(
    verdict: Verdict, kernel: KernelVersion, ranges: Sequence[KernelRange], target: Target, name: str
) -> tuple[str, ...]:
    """Return warnings about an open verdict of the target's release.

    Raises InputError if it refuses the streams, and names a release that does not.
    """
    if verdict.accepted:
        return () if not kernel.note else (kernel.note,)
    others = accepting(ranges)
    known = f"Known to accept them: Linux {', '.join(others)}." if others else "No known release accepts them."
    if verdict.accepted is None:
        return (
            f"Linux {kernel} may refuse the streams ({verdict.why}): that depends on the point release. {known}",
        )
    usable = release_to_use(ranges, kernel)
    way_out = (
        f"Use -t {target.chip}/{target.stack}@{usable}."
        if usable
        else "Try another Vela or a smaller arena: --set vela=3.12, --set arena-cache-size=65536."
    )
    errno = f" with {verdict.errno}" if verdict.errno else ""
    raise InputError(f"{name}: Linux {kernel} refuses the streams{errno}: {verdict.why}. {known} {way_out}")
