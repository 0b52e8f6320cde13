"""The compiled file: its NPU calls, and the operators of the source model that remain in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from npufit.graph import NO_TENSOR, Model, Operator, OperatorId, Subgraph
from npufit.stacks.placement import Traffic
from npufit.stacks.vela.labels import Label, read_label

_FIRST_DATA_INPUT = 4
"""The inputs before it: command stream, read-only data, scratch, fast scratch."""


@dataclass(frozen=True, slots=True)
class Call:
    """One `ethos-u` operator; `inputs` and `outputs` are tensors of the source model's subgraph, each once."""

    subgraph: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class CompiledFile:
    """Calls in file order, source operators left on the CPU, and everything else in the file.

    `left` maps the CPU operators to their names in the file; `added` names operators that do not come from the source.
    """

    subgraph_count: int
    calls: tuple[Call, ...]
    left: Mapping[OperatorId, str]
    added: tuple[str, ...]


def boundary(subgraph: Subgraph, operator: Operator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the tensors that enter and leave the call `operator` at every inference, each once."""
    entering = dict.fromkeys(
        index
        for index in operator.inputs[_FIRST_DATA_INPUT:]
        if index != NO_TENSOR and not subgraph.tensors[index].is_constant
    )
    leaving = dict.fromkeys(index for index in operator.outputs if index != NO_TENSOR)
    return tuple(entering), tuple(leaving)


def shared_writes(outputs: Iterable[tuple[int, tuple[int, ...]]]) -> str:
    """Return a sentence on calls that write parts of one tensor, empty if none do.

    `outputs` are the subgraph and the outputs of each call, in order.
    """
    writers: dict[Label, list[int]] = {}
    for number, (subgraph, tensors) in enumerate(outputs):
        for tensor in tensors:
            writers.setdefault(Label(subgraph, tensor), []).append(number)
    groups = dict.fromkeys(tuple(calls) for calls in writers.values() if len(calls) > 1)
    if not groups:
        return ""
    named = "; ".join(", ".join(str(call) for call in calls) for calls in groups)
    return (
        f"Partitions that write parts of one tensor: {named}. The tensor is complete after the last of them, so the "
        "runtime must keep the scratch memory between the calls and run them in file order"
    )


def read_compiled(compiled: Model, source: Model) -> CompiledFile:
    """Return how `compiled`, made by Vela from the labelled `source`, corresponds to it."""
    by_output, by_inputs = _source_operators(source)
    calls: list[Call] = []
    left: dict[OperatorId, str] = {}
    added: list[str] = []
    for number, subgraph in enumerate(compiled.subgraphs):
        for operator in subgraph.operators:
            if operator.is_npu_call:
                calls.append(_call(number, subgraph, operator))
                continue
            outputs = _labels(subgraph, operator.outputs)
            position = (
                first_writer(by_output, outputs)
                if operator.outputs
                else by_inputs.get((operator.name, _labels(subgraph, operator.inputs)))
            )
            if position is None:
                added.append(operator.name)
            else:
                left[position] = operator.name
    return CompiledFile(len(compiled.subgraphs), tuple(calls), left, tuple(added))


def _source_operators(
    source: Model,
) -> tuple[dict[Label, OperatorId], dict[tuple[str, tuple[Label | None, ...]], OperatorId]]:
    """Return the operators by their outputs or, without outputs, by type and inputs."""
    by_output = writers_of(source)
    by_inputs: dict[tuple[str, tuple[Label | None, ...]], OperatorId] = {}
    for place, operator in source.operators():
        if not operator.outputs:
            inputs = tuple(None if tensor == NO_TENSOR else Label(place.subgraph, tensor) for tensor in operator.inputs)
            by_inputs[operator.name, inputs] = place
    return by_output, by_inputs


def writers_of(model: Model) -> dict[Label, OperatorId]:
    """Return the operator that writes each tensor of `model`."""
    return {
        Label(place.subgraph, tensor): place for place, operator in model.operators() for tensor in operator.outputs
    }


def first_writer(writers: Mapping[Label, OperatorId], labels: Iterable[Label | None]) -> OperatorId | None:
    """Return the operator that writes the first of `labels` that any operator writes, None if none does."""
    return next((writers[label] for label in labels if label is not None and label in writers), None)


def _labels(subgraph: Subgraph, tensors: tuple[int, ...]) -> tuple[Label | None, ...]:
    return tuple(None if index == NO_TENSOR else read_label(subgraph.tensors[index].name) for index in tensors)


def _call(number: int, subgraph: Subgraph, operator: Operator) -> Call:
    entering, leaving = boundary(subgraph, operator)
    # Vela gives a state variable one tensor per use, all with the same label; it crosses the boundary once.
    inputs, input_bytes = _distinct(subgraph, entering)
    outputs, output_bytes = _distinct(subgraph, leaving)
    return Call(number, inputs, outputs, Traffic(input_bytes, output_bytes))


def _distinct(subgraph: Subgraph, tensors: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    sizes = {subgraph.tensors[index].name: subgraph.tensors[index].size_bytes for index in tensors}
    labels = [label for name in sizes if (label := read_label(name))]
    return tuple(tensor for _, tensor in labels), sum(sizes.values())
