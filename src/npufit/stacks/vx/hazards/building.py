"""Hazards of the graph that the delegate builds at the first Invoke: changed ranks, missing nodes."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.graph import NO_TENSOR
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence
from npufit.stacks.vx.hazards.hazard import VxGraph, report, vx_hazard
from npufit.stacks.vx.releases import ALL, Generation, since
from npufit.stacks.vx.sources import DELEGATE, SET_UP
from npufit.stacks.vx.vx_operator import VxOperator, written_shape

_FIX_BATCH = "fix the batch before the conversion, so that the converter folds the shape into a constant"
_NO_NODE = frozenset({"SHAPE", "BROADCAST_TO"})
_ELEMENTWISE = frozenset({"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM"})
_KEEPS_RANK = frozenset({"RELU", "RELU6", "RELU_N1_TO_1", "LOGISTIC", "TANH", "HARD_SWISH", "QUANTIZE", "LEAKY_RELU"})
_CHECKS_RANK = frozenset({"TRANSPOSE", "PAD"})

STACKED_SCALAR = vx_hazard(
    "vx.stacked-scalar",
    "PACK of a scalar computed by the NPU crashes the process at the first Invoke.",
    "inputs that have at least one dimension, or that come from outside the partition",
    "From BSP 6.6.23 on the delegate takes PACK of int32. A scalar that STRIDED_SLICE cuts out of a SHAPE has no "
    "dimensions in ovxlib's graph, and the setup of the node that stacks it follows a null pointer. Up to BSP 6.6.3 "
    "PACK stays on the CPU and the same model passes.",
    "A Keras model with a dynamic batch that flattens: SHAPE, STRIDED_SLICE, PACK, RESHAPE.",
    since(Generation.L6_6_23),
    SET_UP,
    Effect.CRASH,
    rewrite=_FIX_BATCH,
    evidence=Evidence.EXECUTED,
)
SCALAR_GATHER = vx_hazard(
    "vx.scalar-gather",
    "GATHER with a scalar index leaves one dimension too many for a TRANSPOSE or PAD after it.",
    "an index with one dimension followed by a RESHAPE, or SLICE or SPLIT instead",
    "The delegate passes a scalar as a vector of one element, so ovxlib's GATHER keeps the dimension that TensorFlow "
    "Lite drops. TRANSPOSE and PAD compare ranks and fail to set up. In a log: \"Error permute dims '4' vs '5'\", "
    '"Setup node[27] PERMUTE fail", then "Failed to verify graph".',
    "The channel shuffle of ShuffleNetV2, written with tf.unstack or indexing.",
    ALL,
    SET_UP,
    Effect.FAILS,
    rewrite="take the element with SPLIT or SLICE and drop the dimension with a RESHAPE",
    evidence=Evidence.EXECUTED,
)
EMPTY_GRAPH = vx_hazard(
    "vx.empty-graph",
    "A partition of only SHAPE or BROADCAST_TO is an empty graph, and its first Invoke fails.",
    "a partition with an operator that computes",
    "SHAPE becomes a constant and BROADCAST_TO an alias of its input, so neither creates a node.",
    "A SHAPE read by a PACK that stays on the CPU.",
    since(Generation.L6_1_1),
    SET_UP,
    Effect.FAILS,
    rewrite=_FIX_BATCH,
    evidence=Evidence.EXECUTED,
)
UNWRITTEN_BROADCAST = vx_hazard(
    "vx.unwritten-broadcast",
    "The result of BROADCAST_TO is never written: only elementwise operators of the same partition find its input.",
    "BROADCAST_TO read only by ADD, SUB, MUL, DIV, MAXIMUM or MINIMUM of the same partition",
    "The delegate notes that these operators broadcast by themselves and creates no node. Any other reader, and "
    "anything outside the partition, gets a tensor that nothing wrote.",
    "A positional embedding that is broadcast and then concatenated.",
    since(Generation.L6_1_22),
    DELEGATE,
    Effect.WRONG,
    rewrite="remove BROADCAST_TO if the next operator broadcasts anyway, or store the constant in full size",
)


def find_stacked_scalars(graph: VxGraph) -> Iterator[Hazard]:
    """Yield PACKs on the NPU that read a scalar of their own partition."""
    if graph.release.generation < Generation.L6_6_23:
        return
    for site in graph.accepted("PACK"):
        for index in dict.fromkeys(site.operator.inputs):
            producer = graph.producer_inside(site, index)
            if producer is None or written_shape(graph.tensor(index)):
                continue
            yield report(
                graph,
                STACKED_SCALAR,
                site,
                f"it stacks a scalar that {producer.words} computes on the NPU",
                f"scalar of {producer.type}",
                others=(producer.index,),
                tensor=index,
                evidence=Evidence.EXECUTED if _of_a_shape(graph, producer) else Evidence.INFERRED,
            )
            break


def _of_a_shape(graph: VxGraph, site: VxOperator) -> bool:
    """Return whether an operator slices the result of a SHAPE of its partition: the chain that was tested."""
    source = graph.producer_inside(site, site.operator.input(0))
    return site.type == "STRIDED_SLICE" and source is not None and source.type == "SHAPE"


def find_scalar_gathers(graph: VxGraph) -> Iterator[Hazard]:
    """Yield GATHERs by a scalar whose result reaches an operator that compares ranks, in the same partition."""
    evidence = graph.set_up_evidence(Evidence.INFERRED)
    for site in graph.accepted("GATHER"):
        indices = site.input(1)
        if indices is None or written_shape(indices) or not site.outputs:
            continue
        reader = _first_that_compares(graph, site)
        if reader is not None:
            rank = len(written_shape(site.outputs[0]))
            message = f"{reader.words} expects {rank} dimensions and finds {rank + 1}"
            yield report(
                graph, SCALAR_GATHER, site, message, "a scalar index", others=(reader.index,), evidence=evidence
            )


def _first_that_compares(graph: VxGraph, site: VxOperator) -> VxOperator | None:
    """Return the first reader that compares ranks, after operators that keep them.

    Tensors that leave the partition get their shape from the delegate, so the surplus dimension ends there.
    """
    waiting, seen = [site], {site.index}
    while waiting:
        here = waiting.pop(0)
        tensor = next((index for index in here.operator.outputs if index != NO_TENSOR), None)
        if tensor is None or graph.leaves(here, tensor):
            continue
        for reader in graph.readers_inside(here, tensor):
            if reader.type in _CHECKS_RANK and reader.operator.input(0) == tensor:
                return reader
            if reader.type in _KEEPS_RANK and reader.index not in seen:
                seen.add(reader.index)
                waiting.append(reader)
    return None


def find_empty_graphs(graph: VxGraph) -> Iterator[Hazard]:
    """Yield partitions that create no node."""
    members: dict[int, list[VxOperator]] = {}
    for site in graph.accepted():
        partition = graph.partition_of[site.index]
        if partition is not None:
            members.setdefault(partition, []).append(site)
    for sites in members.values():
        if all(site.type in _NO_NODE for site in sites):
            names = " and ".join(dict.fromkeys(site.type for site in sites))
            yield report(
                graph,
                EMPTY_GRAPH,
                sites[0],
                f"its partition has only {names}: the NPU gets an empty graph",
                f"{len(sites)} operator{'s' if len(sites) > 1 else ''}",
                others=[site.index for site in sites[1:]],
                evidence=graph.set_up_evidence(Evidence.SOURCE),
            )


def find_unwritten_broadcasts(graph: VxGraph) -> Iterator[Hazard]:
    """Yield BROADCAST_TOs with a reader other than an elementwise operator of the partition."""
    for site in graph.accepted("BROADCAST_TO"):
        for tensor in site.operator.outputs:
            if tensor == NO_TENSOR:
                continue
            readers = graph.readers_inside(site, tensor)
            others = [reader for reader in readers if reader.type not in _ELEMENTWISE]
            if others:
                message = f"{others[0].words} reads its result, which nothing writes"
                yield report(graph, UNWRITTEN_BROADCAST, site, message, others[0].type, others=(others[0].index,))
            elif graph.leaves(site, tensor):
                message = "its result leaves the partition unwritten"
                yield report(graph, UNWRITTEN_BROADCAST, site, message, "read outside of the partition")
