"""Checks before execution: addresses do not depend on data, so every access is known in advance.

An operation that leaves its regions or has absurd sizes ends the execution; all other findings let it continue. Waits
are checked between kernels and transfers (`shadow`), BLOCKDEP between a kernel and the previous one (`block_overlap`,
which says what is known about it). Execution itself is in order: a finding says what the hardware may do with another
timing, not what the simulator did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from npufit.ethosu.accesses import Access, list_accesses
from npufit.ethosu.arrays import SHRAM
from npufit.ethosu.block_overlap import Overlap, overlaps
from npufit.ethosu.operations import (
    ActivationType,
    BlockOperation,
    Convolution,
    Elementwise,
    FeatureMap,
    Kernel,
    Operation,
    Pooling,
    Transfer,
    Upscale,
    Wait,
)
from npufit.ethosu.program import Program
from npufit.ethosu.shadow import Conflict, Shadow
from npufit.ethosu.statistics import macs_of
from npufit.ethosu.weights import LARGEST_EXPANSION

_LARGEST_MAP = 1 << 26
"""The most values of a feature map; real ones have a tenth of it, because Vela works in stripes."""

_LARGEST_WORK = 1 << 37
"""The most multiplications of a program; the largest networks have a tenth of it."""

_STEP_WORK = 4096
"""The cost of one step along a window, so that many steps on a small map are also bounded."""


class FindingKind(Enum):
    """What is wrong."""

    OUTSIDE = "outside its region"
    ABSURD = "absurd size"
    UNSUPPORTED = "not defined"
    UNSET = "register never set"
    UNWRITTEN = "read before written"
    UNGUARDED = "used before the wait"
    NO_STOP = "no STOP"


@dataclass(frozen=True, slots=True)
class SanitizerFinding:
    """One finding: the operation, the bytes (region, start, end) and the earlier operation, if any."""

    kind: FindingKind
    operation: Operation | None
    message: str
    region: int | None = None
    start: int = 0
    end: int = 0
    earlier: Operation | None = None

    def __str__(self) -> str:
        """Return the finding as one line, without repeating what its message says."""
        parts = [self.kind.value, self.message]
        where = "the stream" if self.operation is None else str(self.operation)
        if where not in self.message:
            parts.insert(0, where)
        text = ": ".join(parts)
        if self.region is not None and f"{self.start:#x} to {self.end:#x}" not in text:
            text += f", region {self.region}, {self.start:#x} to {self.end:#x}"
        if self.earlier is not None and str(self.earlier) not in text:
            text += f"; earlier: {self.earlier}"
        return text


@dataclass(frozen=True, slots=True)
class Inspection:
    """All findings, those that end the execution, and how many operations can be executed before them."""

    findings: tuple[SanitizerFinding, ...]
    fatal: tuple[SanitizerFinding, ...]
    executable: int


def inspect(operations: tuple[Operation, ...], program: Program, *, sanitize: bool = True) -> Inspection:
    """Return what is wrong with `operations`; without `sanitize` only what ends the execution."""
    sizes = _region_sizes(program)
    shadow = Shadow(program, sizes) if sanitize else None
    findings: list[SanitizerFinding] = []
    known_unset: set[str] = set()
    work = 0
    previous: tuple[BlockOperation, tuple[Access, ...]] | None = None
    for operation in operations:
        work += _work(operation)
        touched = list_accesses(operation, program.shram_bytes)
        fatal = tuple(_fatal(operation, touched, sizes, work))
        if fatal:
            return Inspection((*findings, *fatal), fatal, operation.index)
        if shadow is None:
            continue
        unset = [name for name in operation.unset if name not in known_unset]
        if unset:
            known_unset.update(unset)
            text = f"{operation} uses registers that were never set: {', '.join(unset)}"
            findings.append(SanitizerFinding(FindingKind.UNSET, operation, text))
        findings.extend(
            _conflict_finding(operation, conflict, operations) for conflict in shadow.execute(operation, touched)
        )
        if isinstance(operation, Wait) and operation.name == "KERNEL_WAIT" and not operation.outstanding:
            previous = None
        if isinstance(operation, BlockOperation):
            if previous is not None:
                found = overlaps(*previous, operation, touched, program.shram_bytes)
                findings.extend(_overlap_finding(operation, overlap, previous[0]) for overlap in found)
            previous = operation, touched
    if sanitize and (not operations or operations[-1].name != "STOP"):
        last = operations[-1] if operations else None
        findings.append(SanitizerFinding(FindingKind.NO_STOP, last, "The stream does not end with STOP"))
    return Inspection(tuple(findings), (), len(operations))


def _region_sizes(program: Program) -> dict[int, int]:
    return {0: len(program.constants), **dict(program.region_bytes), SHRAM: program.shram_bytes}


def _work(operation: Operation) -> int:
    if not isinstance(operation, BlockOperation):
        return operation.length * operation.rows * operation.planes if isinstance(operation, Transfer) else 0
    height, width, depth = operation.ofm.shape
    steps = 0
    if isinstance(operation, Convolution):
        steps = operation.kernel.height * operation.kernel.width
    elif isinstance(operation, Pooling):
        steps = operation.kernel.height + operation.kernel.width
    return macs_of(operation) + height * width * depth * max(1, steps) + steps * _STEP_WORK


def _fatal(
    operation: Operation, touched: tuple[Access, ...], sizes: dict[int, int], work: int
) -> Iterator[SanitizerFinding]:
    for problem in _absurd(operation, work):
        yield SanitizerFinding(FindingKind.ABSURD, operation, f"{operation}: {problem}")
    for problem in _undefined(operation):
        yield SanitizerFinding(FindingKind.UNSUPPORTED, operation, f"{operation}: {problem}")
    for access in touched:
        area = access.area
        size = sizes.get(area.region, 0)
        read_only = access.writes and area.region == 0
        if read_only or area.start < 0 or area.end > size:
            verb = "writes" if access.writes else "reads"
            limit = "the constants, which are read-only" if read_only else f"a region of {size} bytes"
            text = (
                f"{operation} {verb} its {access.role} at {area.start:#x} to {area.end:#x} of "
                f"{region_name(area.region)}, {limit}"
            )
            yield SanitizerFinding(FindingKind.OUTSIDE, operation, text, area.region, area.start, area.end)


def region_name(region: int) -> str:
    """Return the name of a region in messages."""
    return "the SHRAM" if region == SHRAM else f"region {region}"


def _absurd(operation: Operation, work: int) -> Iterator[str]:
    if work > _LARGEST_WORK:
        yield f"the stream asks for more than {_LARGEST_WORK} multiplications"
    if not isinstance(operation, BlockOperation):
        return
    for name, feature_map in (("IFM", operation.ifm), ("OFM", operation.ofm)):
        values = _volume(feature_map)
        if values > _LARGEST_MAP:
            yield f"an {name} of {values} values; at most {_LARGEST_MAP} are executed"
    if isinstance(operation, Convolution | Pooling):
        kernel, ofm = operation.kernel, operation.ofm
        rows = (ofm.height - 1) * kernel.stride_y + kernel.dilated_height
        columns = (ofm.width - 1) * kernel.stride_x + kernel.dilated_width
        if rows * columns * operation.ifm.depth > _LARGEST_MAP:
            size = f"{rows}x{columns}x{operation.ifm.depth}"
            yield f"windows that cover {size} values; at most {_LARGEST_MAP} are executed"
    if isinstance(operation, Convolution):
        inputs = 1 if operation.is_depthwise else operation.ifm.depth
        elements = operation.kernel.height * operation.kernel.width * inputs
        given = sum(span.length for span in operation.weights)
        if elements * operation.ofm.depth > given * LARGEST_EXPANSION or elements * operation.ofm.width > _LARGEST_MAP:
            yield f"{elements * operation.ofm.depth} weights, from {given} compressed bytes"


def _is_single(kernel: Kernel) -> bool:
    """Return True if every window is one position, and none is left out."""
    paddings = kernel.pad_top, kernel.pad_left, kernel.pad_bottom, kernel.pad_right
    return kernel.height == kernel.width == kernel.stride_y == kernel.stride_x == 1 and not any(paddings)


def _volume(feature_map: FeatureMap) -> int:
    height, width, depth = feature_map.shape
    return height * width * depth


def _undefined(operation: Operation) -> Iterator[str]:
    if isinstance(operation, Convolution) and operation.is_depthwise and operation.ifm.depth != operation.ofm.depth:
        yield f"DEPTHWISE with an IFM of {operation.ifm.depth} and an OFM of {operation.ofm.depth} channels"
    if isinstance(operation, Pooling):
        reduces = operation.mode == "REDUCE_SUM"
        if operation.ofm.depth != (1 if reduces else operation.ifm.depth):
            yield f"{operation.mode} of {operation.ifm.depth} channels to {operation.ofm.depth}"
        if reduces and (operation.kernel.upscale is not Upscale.NONE or not _is_single(operation.kernel)):
            yield "REDUCE_SUM with a window; only the sum over the channels of one position is established"
        wide = operation.mode == "AVERAGE" and operation.ifm.element.bits == 32
        if wide and operation.output.global_scale and operation.output.scale != 1:
            yield "AVERAGE that scales 32-bit values; whether it scales or only shifts them is unknown"
    if isinstance(operation, Elementwise) and operation.mode in ("ADD", "SUB") and operation.scaled_operand:
        rounding, other = operation.output.rounding, operation.operand_rounding
        if operation.ifm.element.bits < 32 and rounding is not other:
            yield (
                f"an operand to round by {other.name} and a result by {rounding.name}; it is unknown which counts where"
            )
    if not isinstance(operation, BlockOperation):
        return
    output, element = operation.output, operation.ofm.element
    if output.activation in (ActivationType.TANH, ActivationType.SIGMOID) and element.bits != 16:
        yield (
            f"{output.activation.name} to {element}; the hardware's result has 16 bits, and its conversion to other "
            "widths is not published"
        )
    if output.activation is ActivationType.TABLE and (output.clip or element).bits == 32:
        yield "a table that is looked up with 32-bit values"


_CONFLICTS = {
    FindingKind.UNWRITTEN.name: (FindingKind.UNWRITTEN, "reads bytes that were never written, of its"),
    FindingKind.UNGUARDED.name: (FindingKind.UNGUARDED, "does not wait before it uses its"),
}


def _conflict_finding(operation: Operation, conflict: Conflict, operations: tuple[Operation, ...]) -> SanitizerFinding:
    kind, text = _CONFLICTS[conflict.kind]
    area = conflict.access.area
    earlier = operations[conflict.earlier] if conflict.earlier is not None else None
    message = (
        f"{operation} {text} {conflict.access.role}: {area.start:#x} to {area.end:#x} of {region_name(area.region)}"
    )
    if earlier is not None:
        message += f", which {earlier} may still be working on"
    return SanitizerFinding(kind, operation, message, area.region, area.start, area.end, earlier)


def _overlap_finding(operation: BlockOperation, overlap: Overlap, earlier: BlockOperation) -> SanitizerFinding:
    region = overlap.access.area.region
    verb = "overwrite the table of" if region == SHRAM else f"read its {overlap.access.role} too early from"
    message = (
        f"{operation} with BLOCKDEP {operation.block_dependency} may {verb} {earlier}: {overlap.start:#x} to "
        f"{overlap.end:#x} of {region_name(region)}; BLOCKDEP {overlap.largest_safe} prevents it"
    )
    return SanitizerFinding(FindingKind.UNGUARDED, operation, message, region, overlap.start, overlap.end, earlier)
