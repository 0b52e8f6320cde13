"""A command stream as text: one block per operation, with only the registers that it uses."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.ethosu.commands import BY_NAME, Command, Form
from npufit.ethosu.decoding import Instruction
from npufit.ethosu.operations import (
    BlockOperation,
    Convolution,
    Elementwise,
    FeatureMap,
    Operation,
    Pooling,
    Transfer,
    Wait,
    read_operations,
)

_INDENT = "    "


def disassemble(instructions: Sequence[Instruction]) -> str:
    """Return the operations of a stream, each with its summary and the registers that it uses.

    A register line ends in `*` if it was set since the previous operation. Registers that an operation needs but that
    were never set are named.
    """
    given = tuple(instructions)
    operations = {operation.offset: operation for operation in read_operations(given)}
    fresh: set[str] = set()
    shifts: dict[str, int] = {}
    blocks: list[str] = []
    for instruction in given:
        if not instruction.command.is_operation:
            fresh.add(instruction.name)
            shifts[instruction.name] = instruction.shift
            continue
        operation = operations.get(instruction.offset)
        if operation is None:
            blocks.append(f"{instruction.offset:#08x}  {_title(instruction)}  (after the end of the stream)")
            continue
        blocks.append(_block(instruction, operation, fresh, shifts))
        fresh.difference_update(name for name, _ in operation.used)
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _block(instruction: Instruction, operation: Operation, fresh: set[str], shifts: dict[str, int]) -> str:
    lines = [f"{instruction.offset:#08x}  #{operation.index} {_title(instruction)}"]
    summary = summarize(operation)
    if summary:
        lines[0] += f"  {summary}"
    for name, value in operation.used:
        command = BY_NAME[name]
        mark = " *" if name in fresh else ""
        lines.append(f"{_INDENT}{name:<18}{_value(command, value, shifts.get(name, 0))}{mark}")
    lines.extend(f"{_INDENT}{name:<18}never set" for name in operation.unset)
    return "\n".join(lines)


def _title(instruction: Instruction) -> str:
    command = instruction.command
    shown = [f"{field.name}={field.show(instruction.value)}" for field in command.fields]
    if len(shown) == 1 and command.fields[0].name == "mode":
        shown = [command.fields[0].show(instruction.value)]
    return " ".join((command.name, *shown))


def _value(command: Command, value: int, shift: int) -> str:
    if command.form is Form.SCALE:
        return f"{value} >> {shift}"
    if command.fields:
        return " ".join(f"{field.name}={field.show(value)}" for field in command.fields)
    if command.form is Form.ADDRESS:
        return f"{value:#x}"
    return f"{value} (size {value + 1})" if command.name.endswith("_M1") else str(value)


def summarize(operation: Operation) -> str:
    """Return in one line what an operation does."""
    match operation:
        case Transfer():
            size = f"{operation.length} bytes"
            if operation.rows * operation.planes > 1:
                size += f" x {operation.rows} rows x {operation.planes} planes"
            source, target = operation.source, operation.target
            return f"{size} from {_place(source.region, source.offset)} to {_place(target.region, target.offset)}"
        case Wait():
            return f"until at most {operation.outstanding} are unfinished"
        case Convolution() | Pooling():
            kernel = operation.kernel
            text = f"kernel {kernel.height}x{kernel.width} stride {kernel.stride_y}x{kernel.stride_x}"
            return f"{_maps(operation)}, {text}"
        case Elementwise():
            return _maps(operation)
        case _:
            return ""


def _place(region: int | None, offset: int) -> str:
    return f"SHRAM+{offset:#x}" if region is None else f"region {region}+{offset:#x}"


def _maps(operation: BlockOperation) -> str:
    sources = [_map(operation.ifm)]
    if isinstance(operation, Elementwise) and operation.ifm2 is not None:
        sources.append(_map(operation.ifm2))
    if isinstance(operation, Elementwise) and operation.scalar is not None:
        sources.append(f"scalar {operation.scalar}")
    if isinstance(operation, Elementwise) and operation.ifm2_first:
        sources.reverse()
    return f"{', '.join(sources)} -> {_map(operation.ofm)}"


def _map(feature_map: FeatureMap) -> str:
    shape = "x".join(str(size) for size in feature_map.shape)
    place = _place(feature_map.region, feature_map.bases[0])
    return f"{shape} {feature_map.element} {feature_map.layout.name} at {place}"
