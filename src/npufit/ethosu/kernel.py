"""Would the mainline `ethosu` driver accept a stream? Its checks as a table, by kernel release.

The releases of a series differ, since it takes fixes, and of some it is unknown which they took. If it is open
whether a release has a check, the stream is judged with and without it: the verdict is `accepted` or `refused` only if
all possible drivers agree.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from npufit.errors import InputError
from npufit.ethosu.kernel_releases import RELEASES, Change, KernelVersion, possible_drivers
from npufit.ethosu.kernel_walk import Traits, Walk, walk
from npufit.ethosu.program import Program

SRAM_REGION = 2
IMX93_SRAM_BYTES = 96 << 10
"""The SRAM that the i.MX 93's device tree gives to the NPU."""

_CONSTANTS_REGION = 0
_PAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its error number, what is refused in words, and the source.

    `having` are the changes that a driver must have (True) or lack (False) for this check to be in it.
    """

    id: str
    errno: str
    statement: str
    source: str
    having: tuple[tuple[Change, bool], ...] = ()

    def holds(self, driver: Mapping[Change, bool]) -> bool:
        """Return whether `driver` has this check."""
        return all(driver[change] is wanted for change, wanted in self.having)


_FIRST = "ethosu_gem.c @32a92f8c8932"
_NEWEST = "ethosu_gem.c, newest seen"
_7_1_3 = "ethosu_gem.c of 7.1.3"
_JOB = "ethosu_job.c @cc4adab164b7"
_STRICT = ((Change.STRICT, True),)
_TRANSFERS = ((Change.TRANSFERS, True),)
_STOP = ((Change.STOP, True),)

CHECKS = (
    Check("state", "EINVAL", "a region, address or length that the operation needs was never set", _FIRST),
    Check("registers", "EINVAL", "a register that the operation needs was never set", _NEWEST, _STRICT),
    Check("scalar", "EINVAL", "a scalar operand is taken for a feature map, which was never set", "before 838ae99f9a77",
          ((Change.SCALAR, False),)),
    Check("rounding", "EINVAL", "the U65's rounding mode is read as a storage mode that it does not know",
          "before db9deec5a345", ((Change.ELEMENTS, True), (Change.ROUNDING, False))),
    Check("underflow", "EINVAL", "the padding is larger than what the windows cover", "021f1b77f70d",
          ((Change.UNDERFLOW, True),)),
    Check("resize", "EINVAL", "RESIZE is refused", "ef911805d86a", ((Change.RESIZE, True),)),
    Check("last-stop", "EINVAL", "the stream must end with STOP", "eb3a41fd35e3", _STOP),
    Check("after-stop", "EINVAL", "nothing may follow STOP", "eb3a41fd35e3", _STOP),
    Check("branch", "EINVAL", "BRANCH is refused", _NEWEST, _STRICT),
    Check("irq", "EINVAL", "IRQ is refused", _NEWEST, _STRICT),
    Check("cut-off", "EINVAL", "a command needs its payload", _7_1_3, _TRANSFERS),
    Check("reserved", "EINVAL", "reserved bits must be zero", _NEWEST, _STRICT),
    Check("format", "EINVAL", "a feature map is NHWC or NHCWB16 (format 0 or 1)", _NEWEST, _STRICT),
    Check("dma-mode", "EINVAL", "DMA has one to three dimensions and no index mode", _NEWEST, _STRICT),
    Check("dma-state", "EINVAL", "a transfer needs its regions, addresses, length and sizes", _NEWEST, _STRICT),
    Check("dma-length", "EINVAL", "a transfer needs its length, and the address of a region that it uses", _7_1_3,
          _TRANSFERS),
    Check("overflow", "EINVAL", "the length of a transfer must not overflow", _7_1_3, _TRANSFERS),
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
    errno: str | None = None
    """The error number that user space sees, if the release refuses the stream and the number is known."""

    def __str__(self) -> str:
        """Return the verdict in one line."""
        if self.accepted:
            return f"Linux {self.kernel} accepts it"
        if self.accepted is None:
            if self.kernel.point < 0:
                return f"Linux {self.kernel} may refuse it: that depends on the point release"
            return f"Linux {self.kernel} may refuse it: it is unknown which checks this release has"
        return f"Linux {self.kernel} refuses it" + (f" with {self.errno}" if self.errno else "")


def submission_of(program: Program, hardware_sram_bytes: int = IMX93_SRAM_BYTES) -> Submission:
    """Return what is submitted with a program of Vela: buffers for exactly the regions that it uses, and its SRAM."""
    sizes = {_CONSTANTS_REGION: len(program.constants), **dict(program.region_bytes)}
    used = used_regions(program.stream)
    buffers = tuple((region, size) for region, size in sizes.items() if region in used and region != SRAM_REGION)
    return Submission(buffers, sizes.get(SRAM_REGION, 0) if SRAM_REGION in used else 0, hardware_sram_bytes)


def judge(stream: bytes, kernel: KernelVersion, submission: Submission | None = None) -> KernelVerdict:
    """Return whether `kernel` accepts `stream` (without the driver header of Vela) on an Ethos-U65.

    Without `submission` only the creation of the stream is judged, not its submission.
    """
    return judge_releases(stream, (kernel,), submission)[0]


def judge_releases(
    stream: bytes, kernels: Iterable[KernelVersion], submission: Submission | None = None
) -> tuple[KernelVerdict, ...]:
    """Return the verdict of each of `kernels`, as `judge` does; many take little longer than one."""
    walks: list[Walk] = []
    return tuple(_judge(stream, kernel, submission, walks) for kernel in kernels)


def _judge(stream: bytes, kernel: KernelVersion, submission: Submission | None, walks: list[Walk]) -> KernelVerdict:
    if kernel.series not in {release.series for release in RELEASES}:
        raise InputError(f"Linux {kernel} is not known; known are {', '.join(map(str, RELEASES))}.")
    outcomes: list[dict[str, KernelFinding]] = []
    for driver in possible_drivers(kernel):
        found_by = _walk(stream, _traits(driver), walks)
        found = itertools.chain(_of_stream(found_by), _of_submission(found_by.extents, submission, driver))
        outcomes.append(_grouped(finding for finding in found if finding.check.holds(driver)))
    # A driver stops at the first finding, so that is the one whose number user space sees.
    numbers = {next((finding.errno for finding in outcome.values()), None) for outcome in outcomes}
    accepted = None if len(numbers) > 1 and None in numbers else None in numbers
    return KernelVerdict(kernel, accepted, tuple(_merged(outcomes)), numbers.pop() if len(numbers) == 1 else None)


def measure(stream: bytes, kernel: KernelVersion) -> dict[int, int]:
    """Return how many bytes of each region `kernel` takes `stream` to use; the most that any possible driver does."""
    extents: dict[int, int] = {}
    for traits in dict.fromkeys(_traits(driver) for driver in possible_drivers(kernel)):
        for region, end in walk(stream, traits).extents.items():
            extents[region] = max(extents.get(region, 0), end)
    return extents


def _walk(stream: bytes, traits: Traits, walks: list[Walk]) -> Walk:
    """Return what a driver with `traits` finds, from `walks` if one of them serves; otherwise it is added to them."""
    known = next((entry for entry in walks if entry.serves(traits)), None)
    if known is None:
        known = walk(stream, traits)
        walks.append(known)
    return known


def _traits(driver: Mapping[Change, bool]) -> Traits:
    return Traits(
        strict=driver[Change.STRICT],
        address_fix=driver[Change.ADDRESSES],
        transfer_fix=driver[Change.TRANSFERS],
        element_fix=driver[Change.ELEMENTS],
        scalar_fix=driver[Change.SCALAR],
        rounding_fix=driver[Change.ROUNDING],
        underflow_fix=driver[Change.UNDERFLOW],
    )


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
    for check in dict.fromkeys(check for outcome in outcomes for check in outcome):
        found = [outcome[check] for outcome in outcomes if check in outcome]
        yield _with(found[0], found[0].count, is_certain=len(found) == len(outcomes))


def _with(finding: KernelFinding, count: int, *, is_certain: bool) -> KernelFinding:
    return KernelFinding(
        finding.check, finding.operation, finding.name, finding.offset, finding.detail, count, is_certain
    )


def used_regions(stream: bytes) -> frozenset[int]:
    """Return the regions that `stream` uses for the driver: those that need a buffer, or SRAM for region 2."""
    state = walk(stream, Traits(strict=False))
    return frozenset(region for region, end in state.extents.items() if end)
