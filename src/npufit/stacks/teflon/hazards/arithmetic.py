"""Hazards of the computation itself: activations, look-ups, element types."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.graph import CONVOLUTIONS, NO_TENSOR, SIZING, Activation, ElementType, operator_type
from npufit.stacks.delegates import hazard_at
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence
from npufit.stacks.teflon.hazards.hazard import TeflonGraph, inferred_on_main, teflon_hazard
from npufit.stacks.teflon.node import POOLS, Node, clamp_is_implied, integer_range, real_maximum
from npufit.stacks.teflon.release import ALL, Release, until
from npufit.stacks.teflon.sources import ETHOSU_LOWERING, ETHOSU_OLD, FRONTEND_NEW, FRONTEND_OLD

_RELEASED = until(Release.M26_2)
_26_2 = frozenset({Release.M26_2_0, Release.M26_2})
_INDICES = frozenset({ElementType.INT32, ElementType.INT64})
_COMPUTABLE = frozenset({ElementType.INT8, ElementType.UINT8, ElementType.INT16})
_WITH_WEIGHTS = CONVOLUTIONS | {"FULLY_CONNECTED"}
_LOOKED_UP = ("TANH", "LOGISTIC", "HARD_SWISH", "LEAKY_RELU")

RELU_UNCLAMPED = teflon_hazard(
    "ethosu.relu-unclamped",
    "A fused ReLU is not clamped at zero.",
    "output zero point at the lowest integer, where saturation has the same effect; from 26.1 also an ADD with uint8 "
    "output",
    "The driver writes no clamp for the ReLU of a convolution and relies on the output's range ending at zero. From "
    "26.1 the ReLU of ADD is applied only to unsigned outputs.",
    "A convolution with RELU6 whose uint8 output has a zero point of 114.",
    _RELEASED,
    ETHOSU_LOWERING,
    rewrite="requantize the output so that its zero point is the lowest integer",
    fixed_in="main",
)

INT16_TABLE = teflon_hazard(
    "ethosu.int16-table",
    "An int16 TANH, LOGISTIC, HARD_SWISH or LEAKY_RELU is looked up in a table for 8 bits.",
    "int8 or uint8",
    "The table has one entry per 8-bit value, and int16 is not refused.",
    "A network quantized to 16-bit activations.",
    _26_2,
    ETHOSU_LOWERING,
    rewrite="quantize to int8",
)

COMPARE_SCALES = teflon_hazard(
    "ethosu.compare-scales",
    "MAXIMUM or MINIMUM ignores different quantizations of its inputs and output.",
    "the same scale and zero point for both inputs and the output",
    "The integers are compared directly.",
    "A maximum of two branches with different scales.",
    _26_2,
    ETHOSU_LOWERING,
    rewrite="requantize both inputs to the output's scale",
)

INT16 = teflon_hazard(
    "ethosu.int16",
    "An int16 operator is accepted although parts of the driver assume one byte per element.",
    "int8 or uint8",
    "In places the element stride is one byte, clamps are those of int8, and block sizes are computed for 8 bits.",
    "A network quantized to 16-bit activations.",
    _RELEASED,
    ETHOSU_LOWERING,
    rewrite="quantize to int8",
)

ACTIVATION_DROPPED = teflon_hazard(
    "teflon.activation-dropped",
    "A fused activation is silently dropped.",
    "an activation that the output's range implies (ReLU with the zero point at the lowest integer)",
    "Teflon passes on only RELU and RELU6 of a convolution (and of ADD from 26.1: see teflon.elementwise-operands).",
    "FULLY_CONNECTED with a fused ReLU and a zero point of 0; a convolution with TANH.",
    _RELEASED,
    f"{FRONTEND_NEW}; {FRONTEND_OLD}",
    rewrite="requantize the output so that its range implies the activation, or make the activation a separate "
    "operator (RELU and RELU6 then run on the CPU)",
)

ELEMENT_TYPE = teflon_hazard(
    "teflon.element-type",
    "An operator on elements that the driver cannot compute (float, int32, int64, bool, int4) is accepted.",
    "int8 or uint8 inputs, outputs and weights",
    "Until 26.0 ethosu does not check the element type; from 26.1 it refuses elements of four bytes, but only in the "
    "first input and output. etnaviv and rocket do not check it. No release checks weights. If the result is a shape, "
    "the operator that needs it refuses, and the inference fails.",
    "A float32 MobileNet on 25.3: convolutions are accepted and their result is garbage. A TRANSPOSE_CONV with a "
    "computed output shape: with a real library of 25.3 the inference fails.",
    ALL,
    f"{ETHOSU_OLD}; release notes of Mesa 26.1.0",
    rewrite="quantize the network to int8 or uint8; fix the batch, so that shapes are constants",
    effects=(Effect.WRONG, Effect.FAILS),
)

QUANTIZED_DIMENSION = teflon_hazard(
    "teflon.quantized-dimension",
    "LiteRT refuses to load the file: a tensor's quantization names a dimension that the tensor does not have.",
    "a quantized_dimension below the rank of its tensor, 0 for one scale",
    "LiteRT checks the dimension even if there is one scale and it does not matter. Then nothing runs, with or "
    "without a delegate. TensorFlow Lite Micro does not check it. Older releases of TensorFlow Lite were not tried.",
    "person_detect.tflite of TensorFlow Lite Micro: biases of rank 1 with the dimension 3 and one scale.",
    ALL,
    "LiteRT 2.3, executed: the model cannot be loaded",
    rewrite="write the dimension as 0 if there is one scale",
    evidence=Evidence.EXECUTED,
    effects=(Effect.FAILS,),
)

_MOST_FOLLOWED = 64
"""How many operators to follow from one that computes garbage; arithmetic on shapes is short."""


def find_missing_clamps(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield ReLUs that are not clamped at zero."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted(*CONVOLUTIONS, "ADD"):
        output = node.output
        limits = integer_range(output) if output is not None else None
        if output is None or limits is None or node.activation not in (Activation.RELU, Activation.RELU6):
            continue
        if node.type == "ADD" and (graph.release <= Release.M26_0 or limits[0] == 0):
            continue
        if output.quantization.zero_point != limits[0]:
            found = f"zero point {output.quantization.zero_point} instead of {limits[0]}"
            yield hazard_at(graph, RELU_UNCLAMPED, node, "values below zero are kept", found)


def find_wide_look_ups(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield int16 operators that go through a table for 8 bits."""
    if graph.release not in _26_2:
        return
    for node in graph.accepted(*_LOOKED_UP):
        tensor = node.input(0)
        if tensor is not None and tensor.element is ElementType.INT16:
            yield hazard_at(graph, INT16_TABLE, node, "the table has 256 entries", "int16 input")


def find_unequal_comparisons(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield MAXIMUM and MINIMUM over different quantizations."""
    if graph.release not in _26_2:
        return
    for node in graph.accepted("MAXIMUM", "MINIMUM"):
        tensors = (*node.inputs, *node.outputs)
        pairs = dict.fromkeys((tensor.quantization.scale, tensor.quantization.zero_point) for tensor in tensors)
        if len(pairs) > 1:
            found = ", ".join(f"scale {scale:.6g} zero point {zero_point}" for scale, zero_point in pairs)
            yield hazard_at(graph, COMPARE_SCALES, node, "the integers are compared directly", found)


def find_int16(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield operators on 16-bit elements."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted():
        tensors = (tensor for tensor in (node.input(0), node.output) if tensor is not None)
        tensor = next((tensor for tensor in tensors if tensor.element is ElementType.INT16), None)
        said_by_h10 = node.type in _LOOKED_UP and tensor is node.input(0) and graph.release in _26_2
        if tensor is not None and not said_by_h10:
            found = f"'{node.name_of(tensor)}' is int16"
            yield hazard_at(graph, INT16, node, "parts of the driver assume one byte per element", found)


def find_dropped_activations(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield fused activations that are dropped and that the output's range does not imply."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted(*CONVOLUTIONS, *POOLS, "MUL", "FULLY_CONNECTED", "CONCATENATION", "SUB"):
        activation, output = node.activation, node.output
        if output is None or integer_range(output) is None or clamp_is_implied(activation, output):
            continue
        if node.type in CONVOLUTIONS and activation in (Activation.RELU, Activation.RELU6):
            continue
        found = f"{activation.name}, zero point {output.quantization.zero_point}, maximum {real_maximum(output):.6g}"
        yield hazard_at(graph, ACTIVATION_DROPPED, node, f"the fused {activation.name} is dropped", found)


def find_unsuitable_elements(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield operators on elements that the driver cannot compute."""
    evidence = None if graph.driver == "ethosu" else Evidence.INFERRED
    for node in graph.accepted():
        tensors = [tensor for tensor in (node.input(0), node.output) if tensor is not None]
        wrong = next((tensor for tensor in tensors if tensor.element not in _COMPUTABLE), None)
        weights = node.input(1) if node.type in _WITH_WEIGHTS else None
        if wrong is None and weights is not None and not weights.element.is_8_bit:
            wrong = weights
        if wrong is not None:
            message = f"elements of type {wrong.element} are not checked and are computed as another type"
            found = f"'{node.name_of(wrong)}' is {wrong.element}"
            effect = Effect.FAILS if _feeds_shape(graph, node) else Effect.WRONG
            yield hazard_at(graph, ELEMENT_TYPE, node, message, found, evidence=evidence, effect=effect)


def _feeds_shape(graph: TeflonGraph, node: Node) -> bool:
    """Return whether the operator's result ends as a shape of another operator."""
    waiting, seen = [node.output_index], set[int]()
    while waiting and len(seen) < _MOST_FOLLOWED:
        tensor = waiting.pop()
        if tensor == NO_TENSOR or graph.tensor(tensor).element not in _INDICES:
            continue
        for reader in graph.wiring.consumers[tensor]:
            operator = graph.subgraph.operators[reader]
            shapes = operator_type(operator).positions(operator, *SIZING)
            if any(operator.inputs[place] == tensor for place in shapes):
                return True
            if reader not in seen:
                seen.add(reader)
                waiting += operator.outputs
    return False


def find_bad_dimensions(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield once: the first tensor whose quantization LiteRT refuses, at the operator that reads or writes it."""
    for node in graph.operators:
        for tensor in (*node.inputs, *node.outputs):
            axis, rank = tensor.quantization.axis, len(tensor.shape or ())
            if tensor.quantization.scales and rank and not 0 <= axis < rank:
                found = f"'{node.name_of(tensor)}' of rank {rank} names dimension {axis}"
                message = "the model cannot be loaded"
                yield hazard_at(
                    graph, QUANTIZED_DIMENSION, node, message, found, evidence=inferred_on_main(graph.release)
                )
                return
