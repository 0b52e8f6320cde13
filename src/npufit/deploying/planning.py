"""The steps of a bundle: what each call and each run of CPU operators reads and writes, and what must be copied.

Calls of one file share their scratch memory, so a tensor passes from call to call without a copy. It is copied in if
the CPU or the caller has it, and copied out after the last call that writes it before the CPU or the caller reads it
(several calls may write parts of one tensor).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from npufit.errors import InputError
from npufit.ethosu import CompiledCall, read_programs
from npufit.execution import Array, initial_state
from npufit.formatting import shorten
from npufit.graph import NO_TENSOR, Kind, Model, Tensor, boundary, operator_type
from npufit.graph.arrays import dtype_of
from npufit.stacks.vela import is_precompiled, restore_names


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call of the NPU; `inputs` and `outputs` are what must be copied: (tensor of the compiled file, offset)."""

    call: CompiledCall
    inputs: tuple[tuple[int, int], ...]
    outputs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PlannedSegment:
    """Neighbouring operators of the compiled file for the CPU, and the tensors that cross their boundary."""

    operators: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


PlannedStep = PlannedCall | PlannedSegment


@dataclass(frozen=True, slots=True)
class PlannedState:
    """A variable of the network in the scratch memory: a tensor of the compiled file, its place and its first value."""

    tensor: int
    offset: int
    value: Array


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order, and the state that they keep."""

    steps: tuple[PlannedStep, ...]
    state: tuple[PlannedState, ...]

    @property
    def calls(self) -> tuple[CompiledCall, ...]:
        """The calls of the NPU in order."""
        return tuple(step.call for step in self.steps if isinstance(step, PlannedCall))

    @property
    def results(self) -> tuple[int, ...]:
        """The tensors of the compiled file that the host gets from a step."""
        return tuple(
            tensor
            for step in self.steps
            for tensor in (step.outputs if isinstance(step, PlannedSegment) else [tensor for tensor, _ in step.outputs])
        )


def plan_steps(compiled: Model, source: Model) -> Plan:
    """Return the steps of `compiled`, which Vela made of `source`.

    Raises InputError if it cannot be run soundly outside of one interpreter.
    """
    name = source.name
    calls = read_programs(compiled) if is_precompiled(compiled) else ()
    if not calls:
        raise InputError(
            f"{name}: Vela places no operator on the NPU, so there is nothing to deploy. Run it with LiteRT alone; "
            "npufit check says why each operator stays on the CPU."
        )
    if any(call.subgraph for call in calls):
        raise InputError(
            f"{name}: Vela places operators inside a loop or a branch (subgraph "
            f"{next(call.subgraph for call in calls if call.subgraph)}) on the NPU, and a bundle has one straight list "
            "of steps. Deploy the body of the loop as a model of its own."
        )
    _refuse_written_constants(compiled, source)
    groups = tuple(_groups(compiled, calls))
    _refuse_torn_resources(compiled, groups, name)
    state = _state(compiled, calls, name)
    _refuse_shared_variables(compiled, groups, name)
    return Plan(_with_copies(compiled, groups, source), state)


_Group = CompiledCall | PlannedSegment


def _groups(compiled: Model, calls: Sequence[CompiledCall]) -> Iterator[_Group]:
    by_operator = {call.operator: call for call in calls}
    waiting: list[int] = []
    for index in range(len(compiled.main.operators)):
        if index not in by_operator:
            waiting.append(index)
            continue
        if waiting:
            yield _segment(compiled, waiting)
            waiting = []
        yield by_operator[index]
    if waiting:
        yield _segment(compiled, waiting)


def _segment(compiled: Model, operators: Sequence[int]) -> PlannedSegment:
    crossing = boundary(compiled.main, operators)
    inputs = (index for index in crossing.inputs if not compiled.main.tensors[index].is_variable)
    return PlannedSegment(tuple(operators), tuple(inputs), crossing.outputs)


def _refuse_written_constants(compiled: Model, source: Model) -> None:
    """Raise InputError if an operator writes a tensor that has a value in the file: runtimes differ on which counts."""
    for operator in compiled.main.operators:
        for index in operator.outputs:
            if index != NO_TENSOR and compiled.main.tensors[index].is_constant:
                tensor = shorten(restore_names(compiled.main.tensors[index].name, source))
                raise InputError(
                    f"{source.name}: {operator.name} writes tensor '{tensor}', which has a value in the file. Convert "
                    "the model again: no converter writes that."
                )


def _refuse_torn_resources(compiled: Model, groups: Sequence[_Group], name: str) -> None:
    """Raise InputError if operators that share state through resources would be in different files."""
    using = [
        number
        for number, group in enumerate(groups)
        if isinstance(group, PlannedSegment)
        and any(
            operator_type(operator).kind is Kind.STATE or operator.type == "CALL_ONCE"
            for operator in (compiled.main.operators[index] for index in group.operators)
        )
    ]
    if len(using) > 1:
        raise InputError(
            f"{name}: its resource variables are used both before and after a call of the NPU. Each part for the CPU "
            "would have its own copy of them. Make them inputs and outputs of the model, and deploy that."
        )


def _variable_name(compiled: Model, index: int) -> str:
    """Return what identifies a variable: Vela writes one tensor for each use of it, all with its name."""
    return compiled.main.tensors[index].name or f"#{index}"


def _state(compiled: Model, calls: Sequence[CompiledCall], name: str) -> tuple[PlannedState, ...]:
    """Return the variables of the calls. Raises InputError if one moves: it would have to be copied between runs."""
    tensors = compiled.main.tensors
    places: dict[str, dict[int, int]] = {}
    for call in calls:
        for index, offset in (*call.inputs, *call.outputs):
            if tensors[index].is_variable:
                places.setdefault(_variable_name(compiled, index), {}).setdefault(offset, index)
    for offsets in places.values():
        if len(offsets) > 1:
            raise InputError(
                f"{name}: Vela moves a state variable in memory during an inference ({sorted(offsets)}), so the next "
                "inference would not find it. Try another release of Vela with --set vela=VERSION."
            )
    return tuple(
        PlannedState(index, offset, initial_state(tensors[index]))
        for offsets in places.values()
        for offset, index in offsets.items()
    )


def _refuse_shared_variables(compiled: Model, groups: Sequence[_Group], name: str) -> None:
    """Raise InputError for a variable that several steps would need, one of them on the CPU, or that has a value."""
    tensors = compiled.main.tensors
    users: dict[str, set[int]] = {}
    on_cpu: dict[str, Tensor] = {}
    for number, group in enumerate(groups):
        if isinstance(group, PlannedSegment):
            used = (index for place in group.operators for index in compiled.main.operators[place].inputs)
            variables = {index for index in used if index != NO_TENSOR and tensors[index].is_variable}
            on_cpu |= {_variable_name(compiled, index): tensors[index] for index in variables}
        else:
            variables = {index for index, _ in (*group.inputs, *group.outputs) if tensors[index].is_variable}
        for index in variables:
            users.setdefault(_variable_name(compiled, index), set()).add(number)
    for variable, tensor in on_cpu.items():
        if len(users[variable]) > 1:
            raise InputError(
                f"{name}: a state variable is used by several steps, one of them on the CPU, which would keep its own "
                "copy. Make it an input and an output of the model, and deploy that."
            )
        if tensor.buffer.size_bytes:
            raise InputError(
                f"{name}: a state variable of an operator on the CPU begins with a value from the file, which LiteRT "
                "ignores. Make it an input of the model, and deploy that."
            )


def _with_copies(compiled: Model, groups: Sequence[_Group], source: Model) -> tuple[PlannedStep, ...]:
    """Return the steps with what is copied in and out. Raises InputError if a tensor is read before it is written."""
    main = compiled.main
    writer: dict[int, int | None] = dict.fromkeys(main.inputs)
    leaving: dict[int, dict[int, None]] = {number: {} for number in range(len(groups))}
    entering: dict[int, list[tuple[int, int]]] = {}

    def read_by_host(index: int) -> None:
        if index not in writer:
            raise InputError(
                f"{source.name}: tensor '{shorten(restore_names(main.tensors[index].name, source))}' is read before a "
                "step has written it, so the steps cannot run one after the other."
            )
        step = writer[index]
        if step is not None and isinstance(groups[step], CompiledCall):
            leaving[step][index] = None

    for number, group in enumerate(groups):
        if isinstance(group, PlannedSegment):
            for index in group.inputs:
                read_by_host(index)
            writer |= dict.fromkeys(group.outputs, number)
            continue
        own = [place for place in group.inputs if not main.tensors[place[0]].is_variable]
        entering[number] = [place for place in own if not _lies_there(groups, writer, place[0])]
        for index, _ in entering[number]:
            read_by_host(index)
        writer |= {index: number for index, _ in group.outputs if not main.tensors[index].is_variable}
    for index in main.outputs:
        if index in writer:  # otherwise it is constant
            read_by_host(index)
    return tuple(
        group
        if isinstance(group, PlannedSegment)
        else PlannedCall(
            group,
            tuple(entering[number]),
            tuple(place for place in group.outputs if place[0] in leaving[number]),
        )
        for number, group in enumerate(groups)
    )


def _lies_there(groups: Sequence[_Group], writer: Mapping[int, int | None], index: int) -> bool:
    """Return whether a call has written the tensor, which then lies at its offset in the shared scratch memory."""
    step = writer.get(index)
    return step is not None and isinstance(groups[step], CompiledCall)


def require_host_form(tensor: Tensor, name: str) -> None:
    """Raise InputError if a tensor cannot cross between NPU, CPU and caller as an array."""
    if dtype_of(tensor) is None:
        raise InputError(
            f"{name}: tensor '{shorten(tensor.name)}' crosses a step as {tensor.element}, which has no plain bytes. "
            "Cut the model there with npufit fit --cut, and deploy the part for the NPU."
        )
    if tensor.shape is None:
        raise InputError(
            f"{name}: tensor '{shorten(tensor.name)}' crosses a step without a known shape. Fix the shapes of the "
            "model when you convert it."
        )
