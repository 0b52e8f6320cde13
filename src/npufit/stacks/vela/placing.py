"""From a compilation to a placement: the file decides, the debug database links operators, warnings explain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from npufit.graph import Model, OperatorId
from npufit.stacks.placement import Difference, Note, OperatorPlacement, Partition, Placement, Unit
from npufit.stacks.rule import Evidence
from npufit.stacks.target import Target
from npufit.stacks.vela.absorbed_operators import constant_operators, merged_partitions, unused_operators
from npufit.stacks.vela.compilation import Compilation, parse_compiled
from npufit.stacks.vela.compiled_file import CompiledFile, first_writer, read_compiled, shared_writes, writers_of
from npufit.stacks.vela.labels import read_label
from npufit.stacks.vela.reasons import Reason
from npufit.stacks.vela.rules import explain

FOLDED = "folded away by Vela: executes nowhere"
MERGED = "has no own commands: Vela merged it into its neighbours' commands"
UNTIED = "may have commands in its partition that Vela's debug database assigns to no operator"
UNUSED = "its result reaches no output, so Vela dropped it"
LOST = "its subgraph is not in the compiled file"


def place_operators(model: Model, target: Target, compilation: Compilation, version: str) -> Placement:
    """Return where Vela `version` put every operator of `model`, whose labelled copy produced `compilation`."""
    compiled = read_compiled(parse_compiled(compilation.compiled), model)
    findings = _Findings(
        model=model,
        version=version,
        compiled=compiled,
        streams=_streams(compilation),
        is_tied=compilation.database.stream_count == len(compiled.calls),
        untied=frozenset(compilation.database.untied_streams),
        reasons=_reasons(model, compilation.reasons),
    )
    operators = tuple(placed for number in range(len(model.subgraphs)) for placed in _place_subgraph(findings, number))
    return Placement(
        target,
        operators,
        _partitions(compiled, operators),
        notes=_notes(compiled, f"Vela {version}: compiled file"),
        differences=(*_stream_difference(compilation, compiled), *_differences(findings)),
    )


@dataclass(frozen=True, slots=True)
class _Findings:
    """Everything known about the operators of the source model.

    `is_tied` is True if there are as many command streams as calls, so that the Nth stream belongs to the Nth call;
    `untied` are the streams with commands that no operator is named for.
    """

    model: Model
    version: str
    compiled: CompiledFile
    streams: Mapping[OperatorId, tuple[int, ...]]
    is_tied: bool
    untied: frozenset[int]
    reasons: Mapping[OperatorId, Reason]

    def partitions_of(self, position: OperatorId) -> tuple[int, ...]:
        """Return the partitions that have commands of an operator."""
        return self.streams.get(position, ()) if self.is_tied else ()


def _place_subgraph(findings: _Findings, number: int) -> Iterator[OperatorPlacement]:
    subgraph = findings.model.subgraphs[number]
    positions = [OperatorId(number, index) for index in range(len(subgraph.operators))]
    own = {position.index: found[-1] for position in positions if (found := findings.partitions_of(position))}
    absent = frozenset(
        position.index
        for position in positions
        if position not in findings.compiled.left and position not in findings.streams
    )
    constant = constant_operators(subgraph) & absent
    unused = (unused_operators(subgraph) & absent) - constant
    hidden = absent - constant - unused
    merged = dict.fromkeys(hidden, lone) if (lone := _lone_untied(findings, number)) is not None else {}
    merged |= merged_partitions(subgraph, hidden, _writers(findings, number) | own)
    for position in positions:
        index = position.index
        if position in findings.compiled.left:
            yield _on_cpu(findings, position)
        elif index not in absent:
            yield _on_npu(position, own.get(index), _spread(findings.partitions_of(position)))
        elif number >= findings.compiled.subgraph_count:
            yield OperatorPlacement(position, Unit.UNKNOWN, Evidence.EXECUTED, note=LOST)
        else:
            partition = merged.get(index)
            fate = UNUSED if index in unused else _fate(findings, partition)
            yield _on_npu(position, partition, fate + _in_spite_of(findings.reasons.get(position)))


def _on_cpu(findings: _Findings, position: OperatorId) -> OperatorPlacement:
    operator = findings.model.operator(position)
    left_as = findings.compiled.left[position]
    return OperatorPlacement(
        position,
        Unit.CPU,
        Evidence.EXECUTED,
        finding=explain(operator, findings.reasons.get(position), findings.model, findings.version),
        note="" if left_as == operator.name else f"Vela replaced it with {left_as}, which runs on the CPU",
    )


def _on_npu(position: OperatorId, partition: int | None, note: str) -> OperatorPlacement:
    return OperatorPlacement(position, Unit.NPU, Evidence.EXECUTED, partition, note=note)


def _fate(findings: _Findings, partition: int | None) -> str:
    if partition is None:
        return FOLDED
    return UNTIED if partition in findings.untied or not findings.is_tied else MERGED


def _lone_untied(findings: _Findings, number: int) -> int | None:
    """Return the only call of a subgraph that has commands without an operator's name, if there is exactly one."""
    calls = [
        index for index in findings.untied if findings.is_tied and findings.compiled.calls[index].subgraph == number
    ]
    return calls[0] if len(calls) == 1 else None


def _writers(findings: _Findings, number: int) -> dict[int, int]:
    """Return the call that writes an output of an operator of subgraph `number`, for all operators that have one."""
    subgraph = findings.model.subgraphs[number]
    written = {
        tensor: index
        for index, call in enumerate(findings.compiled.calls)
        if call.subgraph == number
        for tensor in call.outputs
    }
    return {
        index: written[tensor]
        for index, operator in enumerate(subgraph.operators)
        for tensor in operator.outputs
        if tensor in written
    }


def _spread(partitions: tuple[int, ...]) -> str:
    if len(partitions) < 2:
        return ""
    return f"its commands are spread over partitions {', '.join(str(index) for index in partitions)}"


def _in_spite_of(reason: Reason | None) -> str:
    return f" (Vela warned about it: {reason.found})" if reason else ""


def _streams(compilation: Compilation) -> dict[OperatorId, tuple[int, ...]]:
    streams: dict[OperatorId, tuple[int, ...]] = {}
    for work in compilation.database.work:
        streams[work.operator] = (*streams.get(work.operator, ()), work.stream)
    return streams


def _reasons(model: Model, reasons: tuple[Reason, ...]) -> dict[OperatorId, Reason]:
    writers = writers_of(model)
    tied = ((first_writer(writers, [read_label(reason.output)]), reason) for reason in reasons)
    return {writer: reason for writer, reason in tied if writer is not None}


def _partitions(compiled: CompiledFile, operators: tuple[OperatorPlacement, ...]) -> tuple[Partition, ...]:
    members: dict[int, list[int]] = {index: [] for index in range(len(compiled.calls))}
    for placed in operators:
        if placed.partition is not None:
            members[placed.partition].append(placed.id.index)
    return tuple(
        Partition(
            index=index,
            subgraph=call.subgraph,
            operators=tuple(members[index]),
            inputs=call.inputs,
            outputs=call.outputs,
            traffic=call.traffic,
        )
        for index, call in enumerate(compiled.calls)
    )


def _stream_difference(compilation: Compilation, compiled: CompiledFile) -> tuple[Difference, ...]:
    streams, calls = compilation.database.stream_count, len(compiled.calls)
    if streams == calls:
        return ()
    what = "command streams in Vela's debug database, compared with ethos-u operators in the compiled file"
    return (Difference(None, what, str(streams), str(calls)),)


def _differences(findings: _Findings) -> Iterator[Difference]:
    """Yield where Vela contradicts itself about an operator; folding one away after a warning does not count."""
    for position in sorted(findings.streams):
        name = findings.model.operator(position).name
        if position in findings.compiled.left:
            yield Difference(position, f"unit of {name} by Vela's debug database", Unit.NPU, Unit.CPU)
        elif position in findings.reasons:
            yield Difference(position, f"unit of {name} by Vela's warning", Unit.CPU, Unit.NPU)
    for number in range(len(findings.model.subgraphs)):
        for index, call in _writers(findings, number).items():
            position = OperatorId(number, index)
            streams = findings.partitions_of(position)
            if streams and call not in streams:
                name = findings.model.operator(position).name
                yield Difference(position, f"partition of {name}", str(streams[-1]), str(call))


def _notes(compiled: CompiledFile, source: str) -> tuple[Note, ...]:
    notes: list[str] = []
    if compiled.added:
        names = ", ".join(sorted(set(compiled.added)))
        notes.append(f"Vela added {len(compiled.added)} operators that are not in the model, for the CPU: {names}")
    silent = [str(index) for index, call in enumerate(compiled.calls) if not call.outputs]
    if silent:
        notes.append(
            f"Without an output tensor: partition {', '.join(silent)}. Later partitions read the results from scratch "
            "memory, so the runtime must keep it between the calls and run them in file order"
        )
    shared = shared_writes((call.subgraph, call.outputs) for call in compiled.calls)
    if shared:
        notes.append(shared)
    return tuple(Note(text, Evidence.EXECUTED, source) for text in notes)
