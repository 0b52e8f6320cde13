"""Accepted is not correct: cases in which Vela 5.2 compiles an operator to commands that compute something else.

Each hazard is one rule and one function that looks for it in the compiled model; `HAZARDS` lists them. All were found,
and are tested, by executing the compiled streams and comparing with LiteRT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import npufit.stacks.vela.wide_results as wide_results
from npufit.graph import NO_TENSOR, ElementType, Model, Operator, OperatorId, Subgraph, constant_values, wire
from npufit.stacks.hazard import hazard_rule, make_hazard
from npufit.stacks.placement import Hazard, OperatorPlacement
from npufit.stacks.rule import Effect, Evidence, Remedy, RemedyKind, Rule
from npufit.stacks.vela.compilation import Compilation

_EXECUTED_ACCELERATORS = ("ethos-u55", "ethos-u65")
"""Vela lowers operators differently for the Ethos-U85, whose streams cannot be executed here."""

_KEEP_ORDER = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})


def _hazard_rule(
    rule_id: str, statement: str, safe: str, why: str, example: str, source: str, *remedies: Remedy
) -> Rule:
    return hazard_rule(
        rule_id,
        statement,
        safe,
        why,
        example,
        versions="5.2",
        source=source,
        remedies=remedies,
        evidence=Evidence.EXECUTED,
        effects=(Effect.WRONG,),
    )


def _compiled_and_run(what: str) -> str:
    return f"streams of Vela 5.2 executed by `npufit run --compare` and compared with LiteRT: {what}"


TRANSPOSE_UINT8 = _hazard_rule(
    "vela.transpose-uint8",
    "TRANSPOSE of uint8 turns every value above 127 into 0.",
    "int8 or int16; a transposition that keeps the order of the values (it moves only dimensions of size 1, or Vela "
    "merges it with another that undoes it)",
    "Vela moves the bytes as int8, where values above 127 are negative, and clamps them to 0 to 127: the lower end is "
    "that of uint8.",
    "The heads of YOLOv8 and the end of Ultra-Fast-Lane with uint8 feature maps.",
    _compiled_and_run("all orders of 2 to 4 dimensions and samples of 5 and 6, for Ethos-U55 and U65"),
    Remedy(
        RemedyKind.REWRITE,
        "convert the model with int8 feature maps; npufit fit --only to-int8 converts the file if LiteRT provably "
        "computes the same",
    ),
    Remedy(
        RemedyKind.REWRITE,
        "put a QUANTIZE to int8 before it (same scale, zero point 128 less) and one back to uint8 after it",
    ),
)

SUM_OF_AXES = _hazard_rule(
    "vela.sum-axes",
    "SUM over several axes adds up only the first of them.",
    "one axis, followed in the list only by axes of size 1",
    "Vela writes commands for the first axis in the list and none for the others. Their result has the size of a sum "
    "over that axis alone, so it also overwrites memory after the output.",
    "tf.reduce_sum over height and width. MEAN, REDUCE_MAX and REDUCE_MIN over the same axes are right.",
    _compiled_and_run("axes alone and together in 2 to 4 dimensions; uint8, int8 and int16; Ethos-U55 and U65"),
    Remedy(RemedyKind.REWRITE, "use one SUM per axis, one after the other"),
    Remedy(
        RemedyKind.REWRITE, "take the MEAN over the same axes, and multiply by the number of values in the consumer"
    ),
)

WIDE_ARG_MAX = _hazard_rule(
    "vela.argmax-int64",
    "ARG_MAX with int64 output gets half of the memory that it writes, and CPU operators read it as int32.",
    "int32 output; or an output of the network whose 8 bytes per value overlap nothing else, which npufit checks",
    "Vela treats the result as 32-bit when it plans memory, and as pairs of 32 bits when it writes commands. The "
    "second half lands on other tensors or after the scratch memory, or is overwritten. If only operators on the CPU "
    "read it, the file has an int32 tensor with a last dimension of 2.",
    "A segmentation network that ends in ARG_MAX over 4 classes; DeepLab V3 at 96x96 with uint8.",
    _compiled_and_run("ARG_MAX at the end, beside other outputs, and before operators on the CPU"),
    Remedy(RemedyKind.REWRITE, "convert with int32 output: tf.argmax(..., output_type=tf.int32)"),
    Remedy(RemedyKind.REWRITE, "end the model before ARG_MAX and compute the maximum in the application"),
)


@dataclass(frozen=True, slots=True)
class CompiledGraph:
    """What a hazard looks at: a model, its compilation, and the placement of its operators.

    `own` are the operators with their own commands, which are not merged into a neighbour's.
    """

    model: Model
    compilation: Compilation
    operators: Sequence[OperatorPlacement]
    own: frozenset[OperatorId]

    def accepted(self, kind: str) -> Iterator[tuple[OperatorId, Subgraph, Operator]]:
        """Yield the operators of type `kind` that have a part in a call of the NPU."""
        for placed in self.operators:
            subgraph = self.model.subgraphs[placed.id.subgraph]
            operator = subgraph.operators[placed.id.index]
            if operator.type == kind and placed.partition is not None:
                yield placed.id, subgraph, operator


Detector = Callable[[CompiledGraph], Iterator[Hazard]]


def find_hazards(
    model: Model, compilation: Compilation, operators: Sequence[OperatorPlacement], accelerator: str
) -> Iterator[Hazard]:
    """Yield the hazards of what Vela made of `model` for `accelerator`."""
    if not accelerator.startswith(_EXECUTED_ACCELERATORS):
        return
    own = frozenset(work.operator for work in compilation.database.work)
    graph = CompiledGraph(model, compilation, operators, own)
    for _, detect in HAZARDS:
        yield from detect(graph)


def _find_transposes(graph: CompiledGraph) -> Iterator[Hazard]:
    for position, subgraph, operator in graph.accepted("TRANSPOSE"):
        if position not in graph.own or _element(subgraph, operator) is not ElementType.UINT8:
            continue
        chain = _merged_chain(graph, position, subgraph)
        if _changes_order(subgraph, chain):
            shape = "x".join(str(size) for size in subgraph.tensors[operator.input(0)].shape or ())
            found = f"uint8, {shape} in the order {_operand_values(subgraph, operator)}"
            yield _report(TRANSPOSE_UINT8, position, chain, operator, "values above 127 become 0", found)


def _merged_chain(graph: CompiledGraph, position: OperatorId, subgraph: Subgraph) -> tuple[int, ...]:
    """Return the operator and the following ones that Vela merged into its commands: other moves of the same values."""
    number, index = position
    wiring, outputs = wire(subgraph), frozenset(subgraph.outputs)
    chain = [index]
    while True:
        result = subgraph.operators[chain[-1]].outputs[0]
        readers = wiring.consumers[result]
        if result in outputs or len(readers) != 1 or (number, readers[0]) in graph.own:
            return tuple(chain)
        kind = subgraph.operators[readers[0]].type
        if kind != "TRANSPOSE" and kind not in _KEEP_ORDER:
            return tuple(chain)
        chain.append(readers[0])


def _changes_order(subgraph: Subgraph, chain: Sequence[int]) -> bool:
    """Return whether `chain` changes the order of the values; True if unknown."""
    import numpy as np

    first = subgraph.tensors[subgraph.operators[chain[0]].input(0)]
    values = np.arange(first.element_count or 0)
    shape = first.shape or ()
    for index in chain:
        operator = subgraph.operators[index]
        if operator.type == "TRANSPOSE":
            order = _operand_values(subgraph, operator)
            if order is None or sorted(order) != list(range(len(shape))):
                return True
            values = values.reshape(shape).transpose(order).reshape(-1)
        shape = subgraph.tensors[operator.outputs[0]].shape or ()
    return bool((values[1:] < values[:-1]).any())


def _operand_values(subgraph: Subgraph, operator: Operator) -> tuple[int, ...] | None:
    operand = operator.input(1)
    return None if operand == NO_TENSOR else constant_values(subgraph.tensors[operand])


def _find_sums(graph: CompiledGraph) -> Iterator[Hazard]:
    for position, subgraph, operator in graph.accepted("SUM"):
        shape, axes = subgraph.tensors[operator.input(0)].shape, _operand_values(subgraph, operator)
        if position not in graph.own or not shape or not axes:
            continue
        first, *others = axes
        if any(axis % len(shape) != first % len(shape) and shape[axis] != 1 for axis in others):
            found = f"axes {', '.join(str(axis) for axis in axes)} of {'x'.join(str(size) for size in shape)}"
            yield _report(SUM_OF_AXES, position, (position.index,), operator, f"only axis {first} is summed", found)


def _find_wide_arg_max(graph: CompiledGraph) -> Iterator[Hazard]:
    for position, subgraph, operator in graph.accepted("ARG_MAX"):
        if _element(subgraph, operator) is ElementType.INT64:
            fault = wide_results.find_fault(graph.compilation.compiled, position.subgraph, operator.outputs[0])
            if fault is not None:
                yield _report(WIDE_ARG_MAX, position, (position.index,), operator, fault, "int64 output")


def _element(subgraph: Subgraph, operator: Operator) -> ElementType:
    return subgraph.tensors[operator.outputs[0]].element


def _report(
    rule: Rule, position: OperatorId, operators: Sequence[int], operator: Operator, message: str, found: str
) -> Hazard:
    return make_hazard(rule, position.subgraph, operators, message, found, tensors=operator.outputs[:1])


HAZARDS: tuple[tuple[Rule, Detector], ...] = (
    (TRANSPOSE_UINT8, _find_transposes),
    (SUM_OF_AXES, _find_sums),
    (WIDE_ARG_MAX, _find_wide_arg_max),
)
