"""A stream to judge, and the answer to it in the form in which npufit and a compiled driver are compared."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.ethosu import KernelVersion, Submission, judge, measure


@dataclass(frozen=True, slots=True)
class Sample:
    """A stream with what is submitted with it, and where it comes from."""

    origin: str
    stream: bytes
    submission: Submission


@dataclass(frozen=True, slots=True)
class Answer:
    """The error numbers by name of creating a stream and of submitting it, None if accepted; bytes by region."""

    created: str | None
    submitted: str | None
    extents: dict[int, int]


def answer_of_npufit(sample: Sample, release: KernelVersion) -> Answer:
    """Return what npufit says in place of the driver of `release`, a point release that is known."""
    created = judge(sample.stream, release)
    if created.errno:
        return Answer(created.errno, None, {})
    submitted = judge(sample.stream, release, sample.submission)
    used = {region: end for region, end in measure(sample.stream, release).items() if end}
    return Answer(None, submitted.errno, used)
