"""Would Linux's `ethosu` driver accept a stream? Its validation as a table of checks, by kernel version.

Source: `drivers/accel/ethosu` of Linux, read from 6.19 to 7.3-rc1; nothing of it was run. Where only the cycle of a
change is known, its first release is taken. Fixes that went to stable trees are in later point releases as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from npufit.errors import InputError
from npufit.ethosu.accesses import accesses
from npufit.ethosu.arrays import SHRAM
from npufit.ethosu.decoding import Instruction, decode
from npufit.ethosu.operations import BlockOperation, Elementwise, Operation, Rounding, read_operations
from npufit.ethosu.program import Program

KERNELS = ("6.19", "7.0", "7.1", "7.2", "7.3")
"""The kernels whose validation is known; the driver came with the first."""

_SRAM_REGION = 2


@dataclass(frozen=True, slots=True)
class Stream:
    """What the driver looks at."""

    program: Program
    instructions: tuple[Instruction, ...]
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class KernelCheck:
    """One check of the driver: since which kernel, and before which one where it was dropped."""

    id: str
    statement: str
    errno: str
    since: str
    before: str | None
    source: str
    violations: Callable[[Stream], Iterator[str]]

    def applies_to(self, kernel: str) -> bool:
        """Return True where `kernel` has this check."""
        at = KERNELS.index(kernel)
        return KERNELS.index(self.since) <= at and (self.before is None or at < KERNELS.index(self.before))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a kernel refuses a stream: the check, and the first place that violates it."""

    check: KernelCheck
    message: str


def validate(program: Program, kernel: str) -> tuple[Refusal, ...]:
    """Return why `kernel` refuses `program`, one refusal per check; nothing where it accepts it.

    Raises InputError for a kernel that is not in KERNELS, and for a stream that is not one.
    """
    if kernel not in KERNELS:
        raise InputError(f"Unknown kernel '{kernel}' for the ethosu driver. Known are {', '.join(KERNELS)}.")
    instructions = decode(program.stream)
    stream = Stream(program, instructions, read_operations(instructions))
    refusals: list[Refusal] = []
    for check in CHECKS:
        first = next(check.violations(stream), None) if check.applies_to(kernel) else None
        if first is not None:
            refusals.append(Refusal(check, first))
    return tuple(refusals)


def _unset_state(stream: Stream) -> Iterator[str]:
    for operation in stream.operations:
        if operation.unset:
            yield f"{operation} needs {', '.join(operation.unset)}, which nothing set"


_SECOND_MAP = (
    *("IFM2_REGION", "IFM2_BASE0", "IFM2_HEIGHT0_M1", "IFM2_HEIGHT1_M1", "IFM2_WIDTH0_M1"),
    *("IFM2_STRIDE_Y", "IFM2_STRIDE_X", "IFM2_STRIDE_C"),
)


def _scalar_without_map(stream: Stream) -> Iterator[str]:
    """Yield scalar operations before which a second feature map was not set up all the same."""
    scalars = {
        operation.offset: operation
        for operation in stream.operations
        if isinstance(operation, Elementwise) and operation.scalar is not None
    }
    known: set[str] = set()
    for instruction in stream.instructions:
        known.add(instruction.name)
        operation = scalars.get(instruction.offset)
        missing = [name for name in _SECOND_MAP if name not in known]
        if operation is not None and missing:
            yield f"{operation} has a scalar for its second operand, and {', '.join(missing)} is not set"


def _beyond(stream: Stream, *, sram: bool) -> Iterator[str]:
    sizes = {0: len(stream.program.constants), **dict(stream.program.region_bytes)}
    for operation in stream.operations:
        for access in accesses(operation, stream.program.shram_bytes):
            region, end = access.area.region, access.area.end
            if region == SHRAM or (region == _SRAM_REGION) is not sram:
                continue
            size = sizes.get(region, 0)
            if size and end > size:
                yield f"{operation} uses region {region} up to {end:#x}; it has {size:#x} bytes"


def _beyond_buffer(stream: Stream) -> Iterator[str]:
    return _beyond(stream, sram=False)


def _beyond_sram(stream: Stream) -> Iterator[str]:
    return _beyond(stream, sram=True)


def _no_buffer(stream: Stream) -> Iterator[str]:
    sizes = {0: len(stream.program.constants), **dict(stream.program.region_bytes)}
    for operation in stream.operations:
        for access in accesses(operation, stream.program.shram_bytes):
            if access.area.region != SHRAM and not sizes.get(access.area.region):
                yield f"{operation} uses region {access.area.region}, which has no buffer"


def _no_stop(stream: Stream) -> Iterator[str]:
    last = stream.instructions[-1] if stream.instructions else None
    if last is None or last.name != "STOP":
        yield f"the stream ends with {last.name if last else 'nothing'}"
    elif len(stream.operations) != sum(instruction.command.is_operation for instruction in stream.instructions):
        yield "there are commands behind the first STOP"


def _interrupt(stream: Stream) -> Iterator[str]:
    for instruction in stream.instructions:
        if instruction.name == "IRQ":
            yield f"IRQ at {instruction.offset:#x}"


def _convolution_parameter(stream: Stream) -> Iterator[str]:
    for instruction in stream.instructions:
        if instruction.name in ("CONV", "DEPTHWISE") and instruction.value:
            yield f"{instruction.name} at {instruction.offset:#x} has parameter {instruction.value:#x}"


def _natural_rounding(stream: Stream) -> Iterator[str]:
    for operation in stream.operations:
        if isinstance(operation, BlockOperation) and operation.output.rounding is Rounding.NATURAL:
            yield f"{operation} rounds NATURAL"


CHECKS = (
    KernelCheck(
        "state-unset",
        "Every register that an operation needs for its addresses is set before it",
        *("EINVAL", "6.19", None, "ethosu_gem.c @32a92f8c8932", _unset_state),
    ),
    KernelCheck(
        "scalar-second-map",
        "An operation with a scalar operand still needs a second feature map",
        *("EINVAL", "6.19", "7.1", "fixed by 838ae99f9a77 in the 7.1 cycle and in stable trees", _scalar_without_map),
    ),
    KernelCheck(
        "no-buffer",
        "Every region that is used has a buffer",
        *("ENOENT", "6.19", None, "ethosu_job.c @cc4adab164b7", _no_buffer),
    ),
    KernelCheck(
        "beyond-buffer",
        "No access goes beyond its region's buffer",
        *("EOVERFLOW", "6.19", None, "ethosu_job.c @cc4adab164b7", _beyond_buffer),
    ),
    KernelCheck(
        "beyond-sram",
        "No access goes beyond the SRAM",
        *("EINVAL", "7.2", None, "ethosu_job.c @146cc263e457", _beyond_sram),
    ),
    KernelCheck(
        "ends-with-stop",
        "The stream ends with STOP and has nothing behind it",
        *("EINVAL", "7.2", None, "eb3a41fd35e3, later in the 7.x series", _no_stop),
    ),
    KernelCheck(
        "no-interrupt",
        "The stream raises no interrupt of its own",
        *("EINVAL", "7.2", None, "ethosu_gem.c, newest seen", _interrupt),
    ),
    KernelCheck(
        "convolution-parameter",
        "CONV and DEPTHWISE have no parameter on the Ethos-U65",
        *("EINVAL", "7.2", None, "ethosu_gem.c, newest seen", _convolution_parameter),
    ),
    KernelCheck(
        "natural-rounding",
        "The rounding mode is not NATURAL, which the driver takes for a storage mode of the Ethos-U85",
        *("EINVAL", "7.2", "7.3", "fixed by db9deec5a345 at the time of 7.3-rc1", _natural_rounding),
    ),
)
