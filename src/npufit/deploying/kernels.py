"""Which releases of Linux accept the streams of a bundle, all together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from npufit.deploying.manifest import KernelRange
from npufit.errors import InputError
from npufit.ethosu import CompiledCall, KernelVerdict, parse_kernel
from npufit.graph import Model
from npufit.stacks import Target
from npufit.stacks.direct import judge_calls, judge_known_releases
from npufit.stacks.vela import is_precompiled

_WORDS: dict[bool | None, Literal["accepted", "refused", "unknown"]] = {
    True: "accepted",
    False: "refused",
    None: "unknown",
}


def kernel_ranges(calls: Sequence[CompiledCall], chip: str) -> tuple[KernelRange, ...]:
    """Return what every known release says about all of `calls`, neighbours with the same verdict together."""
    return tuple(
        KernelRange(
            entry.series, entry.first, entry.last, _WORDS[entry.accepted], entry.errno or None, entry.why or None
        )
        for entry in judge_known_releases(calls, chip)
    )


def require_accepted(
    calls: Sequence[CompiledCall], target: Target, ranges: Sequence[KernelRange], model: Model
) -> tuple[str, ...]:
    """Return warnings about the target's release of Linux: what is unknown about it, and an open verdict.

    Raises InputError if it refuses a stream, and names a release that does not.
    """
    kernel = parse_kernel(target.version)
    verdicts = judge_calls(calls, kernel, target.chip)
    unknown = (kernel.note,) if kernel.note else ()
    refused = [verdict for verdict in verdicts if verdict.accepted is False]
    opened = [verdict for verdict in verdicts if verdict.accepted is None]
    accepting = accepting_releases(ranges)
    known = f"Known to accept all: Linux {accepting}." if accepting else "No known release accepts all."
    if not refused:
        why = [f"Linux {kernel} may refuse a stream: {_why(opened[0])}. {known}"] if opened else []
        return (*unknown, *why)
    counted = "the stream" if len(verdicts) == 1 else f"{len(refused)} of {len(verdicts)} streams"
    errno = f" with {refused[0].errno}" if refused[0].errno else ""
    raise InputError(
        f"{model.name}: Linux {kernel} refuses {counted}{errno}: {_why(refused[0])}. {known} "
        f"{_way_out(ranges, target, is_precompiled(model))}"
    )


class Releases(Protocol):
    """Point releases of one series, from `first` on, with the same verdict; `to` is None if no end is known."""

    @property
    def series(self) -> str: ...
    @property
    def first(self) -> int: ...
    @property
    def to(self) -> int | None: ...
    @property
    def verdict(self) -> str: ...


def accepting_releases(ranges: Iterable[Releases]) -> str:
    """Return the releases that accept the streams, such as `6.19, 7.1.0 to 7.1.3, 7.2.7 and later`; empty if none."""
    return ", ".join(_in_words(entry) for entry in ranges if entry.verdict == "accepted")


def _in_words(entry: Releases) -> str:
    first = f"{entry.series}.{entry.first}"
    if entry.to is None:
        return entry.series if entry.first == 0 else f"{first} and later"
    return first if entry.first == entry.to else f"{first} to {entry.series}.{entry.to}"


def _why(verdict: KernelVerdict) -> str:
    finding = verdict.findings[0]
    return f"{finding.check.statement} ({finding.detail})"


def _way_out(ranges: Sequence[KernelRange], target: Target, is_compiled_already: bool) -> str:
    """Return what to type instead: a release of the same series that accepts the streams, or the newest that does."""
    found = [entry for entry in ranges if entry.verdict == "accepted"]
    series = ".".join(target.version.split(".")[:2])
    best = next((entry for entry in reversed(found) if entry.series == series), found[-1] if found else None)
    if best is None and is_compiled_already:
        return "Give the model that it was compiled from; npufit deploy compiles it for this memory."
    if best is None:
        return "Try another Vela or a smaller arena: --set vela=3.12, --set arena-cache-size=65536."
    version = best.series if best.first == 0 and best.to is None else f"{best.series}.{best.first}"
    return f"Use -t {target.chip}/{target.stack}@{version}."
