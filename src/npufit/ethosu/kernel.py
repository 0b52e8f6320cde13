"""Would the mainline `ethosu` driver accept a stream? Its checks as a table, by kernel release.

Releases take fixes from the stable series, and for some checks only the development cycle is known. If it is open
whether a release has a check, the stream is judged with and without it: the verdict is `accepted` or `refused` only if
all possible drivers agree.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from npufit.errors import InputError
from npufit.ethosu.kernel_walk import Traits, Walk, walk

SRAM_REGION = 2
IMX93_SRAM_BYTES = 96 << 10
"""The SRAM that the i.MX 93's device tree gives to the NPU."""

_PAGE_BYTES = 4096
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
    def was_read(self) -> bool:
        """Whether this exact driver's source was read."""
        return self.point >= 0 and (self in _READ or STEPS[_step(self)] in _READ)


RELEASES = tuple(KernelVersion(*numbers) for numbers in ((6, 19), (7, 0), (7, 1), (7, 2), (7, 3)))
"""The series that can be judged; the first one has the first `ethosu` driver."""

STEPS = tuple(
    KernelVersion(*numbers)
    for numbers in (
        *((6, 19, 0), (7, 0, 0), (7, 1, 0), (7, 2, 0), (7, 2, 6), (7, 2, 7)),
        *((7, 2, 9), (7, 3, 0), (7, 3, 4), (7, 3, 5)),
    )
)
"""The releases at which the driver may change."""

_READ = frozenset(KernelVersion(*numbers) for numbers in ((7, 2, 6), (7, 2, 9), (7, 2, 11), (7, 2, 13), (7, 3, 4)))
"""The point releases whose source was read."""


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
    unread = asked.point >= 0 and not asked.was_read
    note = f"Linux {asked} was not read: it is unknown which fixes it took." if unread else ""
    return KernelVersion(asked.major, asked.minor, asked.point, note)


def _step(release: KernelVersion) -> int:
    """Return the position in `STEPS` of the driver that a point release has."""
    return max(index for index, step in enumerate(STEPS) if step <= release)


class Change(Enum):
    """Changes that a driver may have since its first version."""

    STRICT = "strict validation"
    CHECKED = "sizes of elements, storage modes and overflows checked"
    STOP = "STOP checked"
    SCALAR = "scalars of the U65 known"
    UNDERFLOW = "negative IFM sizes refused"
    RESIZE = "RESIZE refused"
    ROUNDING = "rounding mode not read as storage mode"
    SRAM = "extent of the SRAM checked"
    JOB_SRAM = "extent of the SRAM compared with the job's"


@dataclass(frozen=True, slots=True)
class History:
    """When a change came. `present` is, for each of the steps: yes, no, or ? if the sources leave it open."""

    change: Change
    commits: str
    came: str
    present: tuple[str, ...]


HISTORY = (
    History(Change.STRICT, "newest seen, in no release up to 7.3.4", "after 7.3.4",
            ("no", "no", "no", "no", "no", "no", "no", "no", "no", "?")),
    History(Change.CHECKED, "f5376d7e0fb7, 18a551482a4a", "by 7.2.6",
            ("no", "no", "?", "?", "yes", "yes", "yes", "yes", "yes", "yes")),
    History(Change.STOP, "eb3a41fd35e3", "between 7.2.6 and 7.2.9",
            ("no", "no", "no", "no", "no", "?", "yes", "yes", "yes", "yes")),
    History(Change.SCALAR, "838ae99f9a77", "7.1 cycle and stable",
            ("?", "?", "yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes")),
    History(Change.UNDERFLOW, "021f1b77f70d", "7.1 cycle and stable",
            ("?", "?", "yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes")),
    History(Change.RESIZE, "ef911805d86a", "7.1-rc7",
            ("?", "?", "yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes")),
    History(Change.ROUNDING, "db9deec5a345", "between 7.2.6 and 7.2.9",
            ("no", "no", "no", "no", "no", "?", "yes", "yes", "yes", "yes")),
    History(Change.SRAM, "ethosu_job.c @146cc263e457", "by 7.2.6",
            ("?", "?", "?", "?", "yes", "yes", "yes", "yes", "yes", "yes")),
    History(Change.JOB_SRAM, "ethosu_job.c", "between 7.2.6 and 7.2.9",
            ("no", "no", "no", "no", "no", "?", "yes", "yes", "yes", "yes")),
)  # fmt: skip
"""Which release has which change. 7.2.6, 7.2.9 to 7.2.13 and 7.3.4 were read, and compiled for comparison, from
Debian's `linux-source` packages; for earlier releases it follows from the development cycles on record."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its error number, what is refused in words, and the source.

    `having` are the changes that a driver must have (True) or lack (False) for this check to be in it. `is_inferred`
    says that only the cycle is on record, not the release.
    """

    id: str
    errno: str
    statement: str
    source: str
    having: tuple[tuple[Change, bool], ...] = ()

    @property
    def is_inferred(self) -> bool:
        """Whether the releases are derived from a cycle or from other changes."""
        return bool(self.having)

    def holds(self, driver: Mapping[Change, bool]) -> bool:
        """Return whether `driver` has this check."""
        return all(driver[change] is wanted for change, wanted in self.having)


_FIRST = "ethosu_gem.c @32a92f8c8932"
_NEWEST = "ethosu_gem.c, newest seen"
_7_2_6 = "ethosu_gem.c of 7.2.6"
_JOB = "ethosu_job.c @cc4adab164b7"
_STRICT = ((Change.STRICT, True),)
_CHECKED = ((Change.CHECKED, True),)
_STOP = ((Change.STOP, True),)

CHECKS = (
    Check("state", "EINVAL", "a region, address or length that the operation needs was never set", _FIRST),
    Check("registers", "EINVAL", "a register that the operation needs was never set", _NEWEST, _STRICT),
    Check("scalar", "EINVAL", "a scalar operand is taken for a feature map, which was never set", "before 838ae99f9a77",
          ((Change.SCALAR, False),)),
    Check("rounding", "EINVAL", "the U65's rounding mode is read as a storage mode that it does not know",
          "before db9deec5a345", ((Change.CHECKED, True), (Change.ROUNDING, False))),
    Check("underflow", "EINVAL", "the padding is larger than what the windows cover", "021f1b77f70d",
          ((Change.UNDERFLOW, True),)),
    Check("resize", "EINVAL", "RESIZE is refused", "ef911805d86a", ((Change.RESIZE, True),)),
    Check("last-stop", "EINVAL", "the stream must end with STOP", "eb3a41fd35e3", _STOP),
    Check("after-stop", "EINVAL", "nothing may follow STOP", "eb3a41fd35e3", _STOP),
    Check("branch", "EINVAL", "BRANCH is refused", _NEWEST, _STRICT),
    Check("irq", "EINVAL", "IRQ is refused", _NEWEST, _STRICT),
    Check("cut-off", "EINVAL", "a command needs its payload", _7_2_6, _CHECKED),
    Check("reserved", "EINVAL", "reserved bits must be zero", _NEWEST, _STRICT),
    Check("format", "EINVAL", "a feature map is NHWC or NHCWB16 (format 0 or 1)", _NEWEST, _STRICT),
    Check("dma-mode", "EINVAL", "DMA has one to three dimensions and no index mode", _NEWEST, _STRICT),
    Check("dma-state", "EINVAL", "a transfer needs its regions, addresses, length and sizes", _NEWEST, _STRICT),
    Check("dma-length", "EINVAL", "a transfer needs its length, and the address of a region that it uses", _7_2_6,
          _CHECKED),
    Check("overflow", "EINVAL", "the length of a transfer must not overflow", _7_2_6, _CHECKED),
    Check("conv-parameter", "EINVAL", "CONV has no parameter on the U65", _NEWEST, _STRICT),
    Check("sram-handle", "EINVAL", "a buffer for region 2 and sram_size exclude each other", _JOB),
    Check("sram-size", "EINVAL", "sram_size is at most the SRAM of the hardware", _JOB),
    Check("unused-region", "EINVAL", "a region that the stream does not use has a buffer", _JOB),
    Check("missing-handle", "ENOENT", "a region that the stream uses has no buffer", _JOB),
    Check("extent", "EOVERFLOW", "the stream reaches beyond the end of a buffer", _JOB),
    Check("sram-extent", "EINVAL", "the stream reaches beyond the SRAM that it may use", "ethosu_job.c @146cc263e457",
          ((Change.SRAM, True),)),
)  # fmt: skip
"""All checks in the driver's order: the stream when it is created, then its submission."""

_BY_ID = {check.id: check for check in CHECKS}


@dataclass(frozen=True, slots=True)
class Submission:
    """What is submitted with a stream: the sizes of the buffers by region, and the requested SRAM."""

    buffers: tuple[tuple[int, int], ...]
    sram_bytes: int = 0
    hardware_sram_bytes: int = IMX93_SRAM_BYTES


@dataclass(frozen=True, slots=True)
class KernelFinding:
    """A failed check, at the first of `count` places.

    `operation` is the operation's index, None for the stream or the submission as a whole. `is_certain` says that every
    possible driver of the release has this check.
    """

    check: Check
    operation: int | None
    name: str
    offset: int | None
    detail: str
    count: int
    is_certain: bool

    @property
    def errno(self) -> str:
        """The name of the error number."""
        return self.check.errno

    def __str__(self) -> str:
        """Return the finding in one line."""
        where = "" if self.offset is None else f" at {self.offset:#x}"
        if self.operation is not None:
            where = f" in operation {self.operation} ({self.name}){where}"
        elif self.offset is not None:
            where = f" in {self.name}{where}"
        more = f", and {self.count - 1} more like it" if self.count > 1 else ""
        can = "" if self.is_certain else "possible "
        return f"{can}{self.errno}{where}: {self.check.statement} ({self.detail}{more}) [{self.check.source}]"


@dataclass(frozen=True, slots=True)
class KernelVerdict:
    """Whether a release accepts a stream: True, False, or None if the sources leave it open; and why."""

    kernel: KernelVersion
    accepted: bool | None
    findings: tuple[KernelFinding, ...]

    @property
    def errno(self) -> str | None:
        """The error number that user space sees, if known."""
        return next((found.errno for found in self.findings if found.is_certain), None) if not self.accepted else None

    def __str__(self) -> str:
        """Return the verdict in one line."""
        if self.accepted:
            return f"Linux {self.kernel} accepts it"
        if self.accepted is None:
            return f"Linux {self.kernel} may refuse it: it is unknown which checks this release has"
        return f"Linux {self.kernel} refuses it" + (f" with {self.errno}" if self.errno else "")


def judge(stream: bytes, kernel: KernelVersion, submission: Submission | None = None) -> KernelVerdict:
    """Return whether `kernel` accepts `stream` (without the driver header of Vela) on an Ethos-U65.

    Without `submission` only the creation of the stream is judged, not its submission.
    """
    if kernel.series not in {release.series for release in RELEASES}:
        raise InputError(f"Linux {kernel} is not known; known are {', '.join(map(str, RELEASES))}.")
    walks: dict[Traits, Walk] = {}
    outcomes: list[dict[str, KernelFinding]] = []
    for driver in _drivers(kernel):
        traits = Traits(*(driver[change] for change in _WALKING))
        if traits not in walks:
            walks[traits] = walk(stream, traits)
        found = itertools.chain(_of_stream(walks[traits]), _of_submission(walks[traits].extents, submission, driver))
        outcomes.append(_grouped(finding for finding in found if finding.check.holds(driver)))
    refusals = [bool(outcome) for outcome in outcomes]
    accepted = None if any(refusals) and not all(refusals) else not any(refusals)
    return KernelVerdict(kernel, accepted, tuple(_merged(outcomes)))


_WALKING = (Change.STRICT, Change.CHECKED, Change.SCALAR, Change.ROUNDING, Change.UNDERFLOW)


def _drivers(kernel: KernelVersion) -> Iterator[dict[Change, bool]]:
    """Yield every possible driver of the release; for a series, that of any point release."""
    if kernel.point >= 0:
        columns = [_step(kernel)]
    else:
        columns = [index for index, step in enumerate(STEPS) if step.series == kernel.series]
    known = {"yes": (True,), "no": (False,), "?": (False, True)}
    changes = [history.change for history in HISTORY]
    seen: set[tuple[bool, ...]] = set()
    for column in columns:
        choices = (known[history.present[column]] for history in HISTORY)
        for combination in itertools.product(*choices):
            if combination not in seen:
                seen.add(combination)
                yield dict(zip(changes, combination, strict=True))


def _of_stream(state: Walk) -> Iterator[KernelFinding]:
    for complaint in state.complaints:
        yield KernelFinding(
            _BY_ID[complaint.check], complaint.operation, complaint.name, complaint.offset, complaint.detail, 1, True
        )


def _of_submission(
    extents: Mapping[int, int], submission: Submission | None, driver: Mapping[Change, bool]
) -> Iterator[KernelFinding]:
    if submission is None:
        return
    sizes = dict(submission.buffers)
    hardware = submission.hardware_sram_bytes
    if SRAM_REGION in sizes and submission.sram_bytes:
        yield _finding("sram-handle", f"{sizes[SRAM_REGION]} and {submission.sram_bytes} bytes")
    if submission.sram_bytes > hardware:
        yield _finding("sram-size", f"{submission.sram_bytes} of {hardware} bytes")
    for region in range(8):
        used, size = extents.get(region, 0), sizes.get(region)
        if size is not None:
            # Buffers are whole pages.
            pages = -(-size // _PAGE_BYTES) * _PAGE_BYTES
            if not used:
                yield _finding("unused-region", f"region {region}")
            elif used > pages:
                yield _finding("extent", f"region {region}: {used} of {pages} bytes")
        elif used and region == SRAM_REGION and (driver[Change.SRAM] or submission.sram_bytes):
            limit = submission.sram_bytes if driver[Change.JOB_SRAM] else hardware
            if used > limit:
                yield _finding("sram-extent", f"{used} of {limit} bytes")
        elif used:
            yield _finding("missing-handle", f"region {region}: {used} bytes are used")


def _finding(check: str, detail: str) -> KernelFinding:
    return KernelFinding(_BY_ID[check], None, "", None, detail, 1, True)


def _grouped(findings: Iterable[KernelFinding]) -> dict[str, KernelFinding]:
    """Return the first finding of each check, with their number."""
    first: dict[str, KernelFinding] = {}
    counts: dict[str, int] = {}
    for finding in findings:
        first.setdefault(finding.check.id, finding)
        counts[finding.check.id] = counts.get(finding.check.id, 0) + 1
    return {name: _with(finding, counts[name], is_certain=True) for name, finding in first.items()}


def _merged(outcomes: list[dict[str, KernelFinding]]) -> Iterator[KernelFinding]:
    for check in CHECKS:
        found = [outcome[check.id] for outcome in outcomes if check.id in outcome]
        if found:
            yield _with(found[0], found[0].count, is_certain=len(found) == len(outcomes))


def _with(finding: KernelFinding, count: int, *, is_certain: bool) -> KernelFinding:
    return KernelFinding(
        finding.check, finding.operation, finding.name, finding.offset, finding.detail, count, is_certain
    )


def used_regions(stream: bytes) -> frozenset[int]:
    """Return the regions that `stream` uses for the driver: those that need a buffer, or SRAM for region 2."""
    traits = Traits(strict=False, checked=True, scalar_fix=True, rounding_fix=True, underflow_fix=True)
    state = walk(stream, traits)
    return frozenset(region for region, end in state.extents.items() if end)
