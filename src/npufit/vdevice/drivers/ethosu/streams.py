"""Command streams, and what a Linux release says of them: when they are created, and when they are submitted."""

from __future__ import annotations

import errno

from npufit.ethosu import KernelFinding, KernelVersion, Submission, judge
from npufit.vdevice.device import Observer, Refusal
from npufit.vdevice.drm import refuse

_OF_A_JOB = frozenset(("sram-handle", "sram-size", "unused-region", "missing-handle", "extent", "sram-extent"))
"""The checks of `npufit.ethosu` that a driver makes when a stream is submitted."""

_WITHOUT_A_CHOICE = KernelVersion(7, 3, 4)
"""The release whose checks of a job count if none is chosen: buffers that fit are no matter of taste."""


class Stream:
    """A command stream that was copied from the program, and the release that judges it."""

    def __init__(self, words: bytes, kernel: KernelVersion | None) -> None:
        """Keep the `words` of a stream."""
        self.words = words
        self.is_closed = False
        """Whether its handle is gone: it will not be submitted again."""
        self._kernel = kernel
        self._judged: tuple[Submission, tuple[KernelFinding, ...]] | None = None

    def check_creation(self, observer: Observer) -> None:
        """Raise OSError if the chosen release refuses the stream."""
        if self._kernel is not None:
            _apply("CMDSTREAM_BO_CREATE", self._kernel, judge(self.words, self._kernel).findings, observer)

    def check_submission(self, submission: Submission, observer: Observer) -> None:
        """Raise OSError if the release refuses a submission with these sizes; the same sizes are judged once."""
        kernel = self._kernel or _WITHOUT_A_CHOICE
        if self._judged is None or self._judged[0] != submission:
            found = judge(self.words, kernel, submission).findings
            self._judged = submission, tuple(finding for finding in found if finding.check.id in _OF_A_JOB)
        _apply("SUBMIT", kernel, self._judged[1], observer)


def _apply(call: str, kernel: KernelVersion, findings: tuple[KernelFinding, ...], observer: Observer) -> None:
    refusing = next((finding for finding in findings if finding.is_certain), None)
    if refusing is not None:
        raise refuse(getattr(errno, refusing.errno), f"Linux {kernel} refuses it: {refusing}")
    for finding in findings[:1]:
        observer.doubted(Refusal(call, finding.errno, f"Linux {kernel} may refuse it: {finding}"))
