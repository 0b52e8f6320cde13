"""The parts of a model: up to three files for the CPU and the NPU.

1. Operators that feed the NPU but depend on none of its operators go first (a QUANTIZE, a custom pre-processing).
2. Operators that feed no operator of the NPU go last (detection post-processing, SOFTMAX).
3. The rest is the part for the NPU, including single operators that stay on the CPU: in one file they cost no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npufit.errors import InputError
from npufit.formatting import printable, shorten
from npufit.graph import (
    NO_TENSOR,
    ElementType,
    Kind,
    Model,
    Subgraph,
    boundary,
    operator_type,
    operators_after,
    operators_before,
    validate,
)
from npufit.rewrite import Editor
from npufit.stacks import Placement, Unit

_NO_FILE = frozenset({ElementType.RESOURCE, ElementType.VARIANT})
_DESCRIBES_ALL = "TFLITE_METADATA"
"""Metadata that describes each input and output of the whole model."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file: `operators`, `inputs` and `outputs` are indices in the model that was cut, in the file's order."""

    file: str
    unit: Unit
    model: Model
    operators: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def divide(model: Model, placement: Placement, head: Sequence[str] = (), tail: Sequence[str] = ()) -> tuple[Part, ...]:
    """Return `model` in up to three parts: before the NPU, on the NPU, and after it.

    `head` names the tensors, by name or index, where the NPU part starts, `tail` those where it ends; without them
    `placement` decides. Raises InputError if there is nothing to cut, if a tensor does not exist, or if operators on
    both sides share state.
    """
    before, behind = _sides(model, placement, head, tail)
    count = len(model.main.operators)
    middle = [index for index in range(count) if index not in before and index not in behind]
    if not middle:
        raise InputError(f"{model.name}: no operator is left for the NPU, so there is nothing to cut.")
    if not before and not behind:
        raise InputError(
            f"{model.name}: no operators come before or after the NPU's part, so there is nothing to cut. Name "
            "tensors with --head and --tail to cut anyway."
        )
    _check_state(model, before, behind)
    sides = [(Unit.CPU, sorted(before)), (Unit.NPU, middle), (Unit.CPU, sorted(behind))]
    chosen = [(unit, operators) for unit, operators in sides if operators and boundary(model.main, operators).outputs]
    if len(chosen) == 1:
        raise InputError(
            f"{model.name}: the operators outside the NPU part reach no output, so there is nothing to cut."
        )
    return tuple(
        _part(model, f"{number}_{unit}.tflite", unit, operators)
        for number, (unit, operators) in enumerate(chosen, start=1)
    )


def _sides(
    model: Model, placement: Placement, head: Sequence[str], tail: Sequence[str]
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the operators before and after the part for the NPU."""
    operators = model.main.operators
    on_npu = {placed.id.index for placed in placement.operators if placed.id.subgraph == 0 and placed.unit is Unit.NPU}
    if not on_npu and not (head or tail):
        raise InputError(
            f"{model.name}: no operator is known to run on the NPU of {placement.target}, so there is nothing to cut. "
            "Name the tensors with --head and --tail."
        )
    fed, feeding = on_npu | operators_after(model.main, on_npu), _up_to(model.main, on_npu)
    before = frozenset(feeding - fed) if on_npu else frozenset[int]()
    behind = frozenset(range(len(operators))) - feeding if on_npu else frozenset[int]()
    if head:
        before = frozenset(_up_to(model.main, _writers(model, head, "--head")))
    if tail:
        inside = _up_to(model.main, _writers(model, tail, "--tail"))
        behind = frozenset(range(len(operators))) - inside - before
    elif head:
        behind -= before
    return before - behind, behind


def _up_to(graph: Subgraph, operators: set[int]) -> set[int]:
    return operators | operators_before(graph, operators)


def _writers(model: Model, names: Sequence[str], option: str) -> set[int]:
    """Return the operators that write the tensors called `names`."""
    graph = model.main
    writer = {tensor: index for index, operator in enumerate(graph.operators) for tensor in operator.outputs}
    by_name = {graph.tensors[tensor].name: tensor for tensor in writer if tensor != NO_TENSOR}
    by_name |= {str(tensor): tensor for tensor in writer}
    found: set[int] = set()
    for name in names:
        if name not in by_name:
            raise InputError(
                f"{option} {printable(name)}: {model.name} has no operator that writes a tensor with this name or "
                "index. `npufit check --all` lists them."
            )
        found.add(writer[by_name[name]])
    return found


def _check_state(model: Model, before: frozenset[int], behind: frozenset[int]) -> None:
    """Raise InputError if operators that share variables would be in different files."""
    graph = model.main
    sides: dict[str, set[int]] = {}
    for index, operator in enumerate(graph.operators):
        side = 0 if index in before else 2 if index in behind else 1
        if operator_type(operator).kind is Kind.STATE or operator.type == "CALL_ONCE":
            sides.setdefault("resources", set()).add(side)
        for tensor in operator.inputs:
            if tensor != NO_TENSOR and graph.tensors[tensor].is_variable:
                sides.setdefault(f"variable {tensor}", set()).add(side)
    for what, found in sides.items():
        if len(found) > 1:
            raise InputError(
                f"{model.name}: {what} would be used on both sides of the cut. Cut somewhere else with "
                "--head and --tail."
            )


def _part(model: Model, file: str, unit: Unit, operators: Sequence[int]) -> Part:
    """Return the file with `operators`: its inputs come from others, its outputs go to others."""
    graph, inside = model.main, frozenset(operators)
    crossing = boundary(graph, operators)
    entering = [index for index in crossing.inputs if not graph.tensors[index].is_variable]
    own = [index for index in graph.inputs if index in entering]
    inputs, outputs = (*own, *(index for index in entering if index not in own)), crossing.outputs
    for index in (*inputs, *outputs):
        if graph.tensors[index].element in _NO_FILE:
            raise InputError(
                f"{model.name}: tensor {index} '{shorten(graph.tensors[index].name)}' would cross the cut, but a "
                f"{graph.tensors[index].element} cannot leave a file. Cut somewhere else with --head and --tail."
            )
    editor = Editor(replace(model, signatures=()))
    editor.remove(*(index for index in range(len(graph.operators)) if index not in inside))
    editor.inputs, editor.outputs = list(inputs), list(outputs)
    cut_out = editor.finish()
    is_whole_interface = inputs == graph.inputs and outputs == graph.outputs
    if not is_whole_interface:
        kept = tuple(entry for entry in model.metadata if entry.name != _DESCRIBES_ALL)
        cut_out = replace(cut_out, metadata=kept, attachments=())
    cut_out = replace(cut_out, name=f"{model.name}, {file}")
    validate(cut_out)
    return Part(file, unit, cut_out, tuple(operators), inputs, outputs)
