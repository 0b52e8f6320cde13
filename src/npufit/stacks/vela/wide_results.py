"""64-bit results for which Vela 5.2 plans 32 bits: what the upper half of their memory overwrites.

Vela reserves 4 bytes per value for these tensors and writes 8. Nothing happens if the second half is free, for example
at the end of an input that is no longer needed. So the compiled file decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks.vela.compilation import parse_compiled
from npufit.stacks.vela.labels import read_label

if TYPE_CHECKING:
    from npufit.ethosu import CompiledCall

_SCRATCH_REGION = 1


def find_fault(compiled_file: bytes, number: int, tensor: int) -> str | None:
    """Return what is wrong with int64 `tensor` of subgraph `number` in a compiled file, None if nothing is."""
    from npufit.ethosu import read_programs

    compiled = parse_compiled(compiled_file)
    try:
        calls = read_programs(compiled)
    except InputError:
        return "the place of its second half is unknown"
    for call in calls:
        for index, offset in call.outputs:
            if read_label(compiled.subgraphs[call.subgraph].tensors[index].name) == (number, tensor):
                return _fault(compiled, calls, call, index, offset)
    return "its readers on the CPU get Vela's own 32-bit tensor instead, with a last dimension of 2"


def _fault(compiled: Model, calls: tuple[CompiledCall, ...], call: CompiledCall, index: int, offset: int) -> str | None:
    size = compiled.main.tensors[index].size_bytes
    end = offset + size
    unplanned = range(offset + size // 2, end)
    scratch = dict(call.program.region_bytes)[_SCRATCH_REGION]
    if end > scratch:
        return f"its last {end - scratch} bytes are written after the scratch memory of {scratch}"
    for other in _alive(compiled, call):
        place = _place(calls, other)
        if other != index and place is not None and _overlap(place, compiled.main.tensors[other].size_bytes, unplanned):
            return f"shares its last {len(unplanned)} bytes with another tensor that is still needed"
    if _touched_later(call, range(offset, unplanned.start), unplanned):
        return f"its last {len(unplanned)} bytes are used for something else in the same call"
    return None


def _alive(compiled: Model, call: CompiledCall) -> Iterator[int]:
    """Yield the tensors that exist when `call` ends and are read later."""
    main = compiled.main
    before = main.operators[: call.operator + 1]
    made = {*main.inputs, *(tensor for operator in before for tensor in operator.outputs)}
    read = {*main.outputs, *(tensor for operator in main.operators[call.operator + 1 :] for tensor in operator.inputs)}
    yield from sorted(made & read)


def _place(calls: tuple[CompiledCall, ...], tensor: int) -> int | None:
    return next((offset for call in calls for index, offset in (*call.outputs, *call.inputs) if index == tensor), None)


def _overlap(start: int, size: int, other: range) -> bool:
    return start < other.stop and other.start < start + size


def _touched_later(call: CompiledCall, planned: range, unplanned: range) -> bool:
    """Return whether commands after those that write the tensor read or write the unplanned half."""
    from npufit.ethosu import decode, list_accesses, read_operations

    touched = False
    for operation in read_operations(decode(call.program.stream)):
        found = [
            access
            for access in list_accesses(operation, call.program.shram_bytes)
            if access.area.region == _SCRATCH_REGION
        ]
        if any(
            access.writes and _overlap(access.area.start, access.area.end - access.area.start, planned)
            for access in found
        ):
            touched = False  # the tensor itself, or what lay there before it
        elif any(_overlap(access.area.start, access.area.end - access.area.start, unplanned) for access in found):
            touched = True
    return touched
