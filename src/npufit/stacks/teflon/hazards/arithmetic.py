"""Hazards of what is computed: activations, operands, element types (H8 to H11, H13 to H17)."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.graph import Activation, ElementType, Tensor, constant_values
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Evidence, Remedy, RemedyKind
from npufit.stacks.teflon.hazards.hazard import PlacedGraph, hazard_rule, report
from npufit.stacks.teflon.node import (
    CONVOLUTIONS,
    POOLS,
    Node,
    clamp_is_implied,
    four_dimensions,
    real_maximum,
)
from npufit.stacks.teflon.release import ALL, Release, until
from npufit.stacks.teflon.sources import ETHOSU_LOWERING, ETHOSU_OLD, FRONTEND_NEW, FRONTEND_OLD

_RELEASED = until(Release.M26_2)
_OLD = until(Release.M26_0)
_26_2 = frozenset({Release.M26_2_0, Release.M26_2})
_COMPUTABLE = frozenset({ElementType.INT8, ElementType.UINT8, ElementType.INT16})
_LOOKED_UP = ("TANH", "LOGISTIC", "HARD_SWISH", "LEAKY_RELU")

H8 = hazard_rule(
    "H8",
    "A fused ReLU is not clamped at zero.",
    "output zero point at the lowest integer, where saturation does the same",
    "The driver writes no clamp for ReLU and relies on the output's range ending at zero.",
    "A convolution with RELU6 whose output has a zero point of 114.",
    _RELEASED,
    ETHOSU_LOWERING,
    rewrite="requantize the output so that its zero point is the lowest integer",
    fixed_in="main",
)

H9 = hazard_rule(
    "H9",
    "ADD or MUL with a scalar, a constant or a broadcast operand, or ADD with a fused activation, may be wrong.",
    "two computed operands, one of them with the output's shape, and an activation that the output's range implies",
    "Until 26.0 the activation of ADD is dropped; later RELU6 counts as RELU. From 26.1 a scalar is read as an "
    "unsigned byte, in 26.1 another constant is read from memory that nobody wrote, and kernels before the 7.1 cycle "
    "may refuse the stream of a scalar operand (EINVAL), which these Mesa releases do not notice.",
    "x + (-3) in int8.",
    ALL,
    f"{ETHOSU_LOWERING}; Linux fix 838ae99f9a77 (elementwise validation with scalar)",
    rewrite="fold a constant into the bias or the scale of the operator before it",
)

H10 = hazard_rule(
    "H10",
    "An int16 TANH, LOGISTIC, HARD_SWISH or LEAKY_RELU is looked up in a table for 8 bits.",
    "int8 or uint8",
    "The table has one entry per 8-bit value, and int16 is not refused.",
    "A network quantized to 16-bit activations.",
    _26_2,
    ETHOSU_LOWERING,
    rewrite="quantize to int8",
)

H11 = hazard_rule(
    "H11",
    "MAXIMUM or MINIMUM ignores that its inputs and output are quantized differently.",
    "the same scale and zero point for both inputs and the output",
    "The integers are compared as they are.",
    "A maximum of two branches with different scales.",
    _26_2,
    ETHOSU_LOWERING,
    rewrite="requantize both inputs to the output's scale",
)

H13 = hazard_rule(
    "H13",
    "An int16 operator is accepted although parts of the driver assume one byte per element.",
    "int8 or uint8",
    "The element stride is one byte in places, clamps are those of int8, and block sizes are computed for 8 bits.",
    "A network quantized to 16-bit activations.",
    _RELEASED,
    ETHOSU_LOWERING,
    rewrite="quantize to int8",
)

H14 = hazard_rule(
    "H14",
    "A fused activation is dropped without a word.",
    "an activation that the output's range implies (ReLU with the zero point at the lowest integer)",
    "Teflon hands over no activation but ReLU and RELU6 of a convolution (and of ADD from 26.1).",
    "FULLY_CONNECTED with a fused ReLU and a zero point of 0; a convolution with TANH.",
    _RELEASED,
    f"{FRONTEND_NEW}; {FRONTEND_OLD}",
    rewrite="make the activation an operator of its own, or requantize the output so that its range implies it",
)

H15 = hazard_rule(
    "H15",
    "A convolution or FULLY_CONNECTED without a bias makes Teflon read a tensor that is not there.",
    "a bias as third input",
    "The third input is read without asking whether it exists. A crash is as possible as a wrong result.",
    "Dense(use_bias=False).",
    ALL,
    f"{FRONTEND_NEW}; {FRONTEND_OLD}",
    rewrite="add a bias of zeros",
)

H16 = hazard_rule(
    "H16",
    "FULLY_CONNECTED reads a feature map of several pixels in the wrong order.",
    "an input whose height and width are 1",
    "The flattened input was not handled; Mesa 26.2.2 brought the fix.",
    "A dense layer directly behind a 4x4x64 feature map.",
    frozenset({Release.M26_2_0}),
    "release notes of Mesa 26.2.2",
    rewrite="put a RESHAPE before it",
    fixed_in="26.2",
)

H17 = hazard_rule(
    "H17",
    "An operator on elements that the NPU cannot compute (float, int32, int64, bool) is accepted.",
    "int8 or uint8 inputs and outputs",
    "Until 26.0 the element type is not looked at; from 26.1 only four-byte elements are refused.",
    "A float32 MobileNet on 25.3: convolutions are accepted and their result is garbage.",
    ALL,
    f"{ETHOSU_OLD}; release notes of Mesa 26.1.0",
    rewrite="quantize the network to int8 or uint8",
)


def find_missing_clamps(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H8: ReLUs that are not clamped at zero."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted(*CONVOLUTIONS, "ADD"):
        output = node.output
        if output is None or output.element.is_float or node.activation not in (Activation.RELU, Activation.RELU6):
            continue
        if node.type == "ADD" and (graph.release <= Release.M26_0 or output.element is not ElementType.INT8):
            continue
        lowest = output.element.integer_range[0]
        if output.quantization.zero_point != lowest:
            yield report(
                graph,
                H8,
                (node.index,),
                node.operator.outputs[:1],
                "values below zero are kept",
                f"zero point {output.quantization.zero_point} instead of {lowest}",
            )


def find_operands(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H9: two-operand operators whose operands or activation are not what the driver expects."""
    for node in graph.accepted("ADD", "MUL"):
        for message, found, evidence in _operand_problems(graph, node):
            yield report(graph, H9, (node.index,), node.operator.outputs[:1], message, found, evidence)


def _operand_problems(graph: PlacedGraph, node: Node) -> Iterator[tuple[str, str, Evidence | None]]:
    release, output = graph.release, node.output
    operands = [tensor for tensor in (node.input(0), node.input(1)) if tensor is not None]
    if output is None or len(operands) != 2:
        return
    if node.type == "ADD":
        yield from _activation_problems(release, node, output)
    if release < Release.M26_1:
        return
    for tensor in operands:
        if tensor.element_count != 1 or not tensor.is_constant:
            continue
        value = constant_values(tensor)
        in_range = release in (Release.M26_1, *_26_2)
        if node.type == "ADD" and in_range and tensor.element is ElementType.INT8 and value and value[0] < 0:
            yield "the scalar is read as an unsigned byte", f"{value[0]} is read as {value[0] + 256}", None
        yield (
            "Linux 6.19 and early 7.0 may refuse a stream with a scalar operand, and Mesa goes on without a result",
            f"'{tensor.name}' has one element",
            None if release is not Release.MAIN else Evidence.INFERRED,
        )
    if release is Release.M26_1 and node.type == "ADD":
        for tensor in operands:
            if tensor.is_constant and tensor.element_count > 1:
                yield "a constant operand is taken for a computed one that nobody wrote", f"'{tensor.name}'", None
    shapes = [four_dimensions(tensor) for tensor in operands]
    if release is not Release.MAIN and all(shape != four_dimensions(output) for shape in shapes):
        yield "both operands would have to be broadcast", f"{shapes[0]} and {shapes[1]}", None


def _activation_problems(release: Release, node: Node, output: Tensor) -> Iterator[tuple[str, str, Evidence | None]]:
    activation = node.activation
    if activation is Activation.NONE or output.element.is_float or clamp_is_implied(activation, output):
        return
    found = f"{activation.name}, zero point {output.quantization.zero_point}, maximum {real_maximum(output):.6g}"
    if release <= Release.M26_0:
        yield "the fused activation is dropped", found, None
    elif release is not Release.MAIN and activation is Activation.RELU6 and real_maximum(output) > 6.0:
        yield "RELU6 is treated as RELU: values above 6 are kept", found, None


def find_wide_look_ups(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H10: int16 operators that go through a table for 8 bits."""
    if graph.release not in _26_2:
        return
    for node in graph.accepted(*_LOOKED_UP):
        tensor = node.input(0)
        if tensor is not None and tensor.element is ElementType.INT16:
            yield report(
                graph, H10, (node.index,), node.operator.outputs[:1], "the table has 256 entries", "int16 input"
            )


def find_unequal_comparisons(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H11: MAXIMUM and MINIMUM over different quantizations."""
    if graph.release not in _26_2:
        return
    for node in graph.accepted("MAXIMUM", "MINIMUM"):
        tensors = (*node.inputs, *node.outputs)
        pairs = {(tensor.quantization.scale, tensor.quantization.zero_point) for tensor in tensors}
        if len(pairs) > 1:
            found = ", ".join(f"scale {scale:.6g} zero point {zero_point}" for scale, zero_point in sorted(pairs))
            yield report(graph, H11, (node.index,), node.operator.outputs[:1], "the integers are compared as they "
                         "are", found)  # fmt: skip


def find_int16(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H13: operators on 16-bit elements."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted():
        tensor = next(
            (t for t in (node.input(0), node.output) if t is not None and t.element is ElementType.INT16), None
        )
        if tensor is not None and not (graph.release in _26_2 and node.type in _LOOKED_UP):
            yield report(
                graph,
                H13,
                (node.index,),
                node.operator.outputs[:1],
                "parts of the driver compute with one byte per element",
                f"'{tensor.name}' is int16",
            )


def find_dropped_activations(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H14: fused activations that are dropped and that the output's range does not imply."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted(*CONVOLUTIONS, *POOLS, "MUL", "FULLY_CONNECTED", "CONCATENATION", "SUB"):
        activation, output = node.activation, node.output
        if output is None or output.element.is_float or clamp_is_implied(activation, output):
            continue
        if node.type in CONVOLUTIONS and activation in (Activation.RELU, Activation.RELU6):
            continue
        yield report(
            graph,
            H14,
            (node.index,),
            node.operator.outputs[:1],
            f"the fused {activation.name} is dropped",
            f"{activation.name}, zero point {output.quantization.zero_point}, maximum {real_maximum(output):.6g}",
        )


def find_missing_biases(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H15: products without a bias."""
    for node in graph.accepted(*CONVOLUTIONS, "FULLY_CONNECTED"):
        if node.input(2) is None:
            yield report(
                graph,
                H15,
                (node.index,),
                node.operator.outputs[:1],
                "Teflon reads a bias that is not there",
                f"{len(node.inputs)} inputs",
                Evidence.INFERRED if graph.release is Release.MAIN else None,
            )


def find_flattened_inputs(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H16: FULLY_CONNECTED over a feature map of several pixels."""
    if graph.release is not Release.M26_2_0:
        return
    for node in graph.accepted("FULLY_CONNECTED"):
        ifm = node.input(0)
        if ifm is None or len(ifm.shape or ()) != 4:
            continue
        _, height, width, depth = four_dimensions(ifm)
        if height * width > 1:
            yield report(
                graph,
                H16,
                (node.index,),
                node.operator.inputs[:1],
                "the pixels are read in the wrong order",
                f"input {height}x{width}x{depth}",
            )


def find_unsuitable_elements(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H17: operators on elements that the NPU cannot compute."""
    for node in graph.accepted():
        tensors = [tensor for tensor in (node.input(0), node.output) if tensor is not None]
        tensor = next((tensor for tensor in tensors if tensor.element not in _COMPUTABLE), None)
        if tensor is None:
            continue
        yield report(
            graph,
            H17,
            (node.index,),
            node.operator.outputs[:1],
            f"elements of type {tensor.element} are computed as bytes",
            f"'{tensor.name}' is {tensor.element}",
            remedies=(*_first_refusal(tensor), *H17.remedies),
        )


def _first_refusal(tensor: Tensor) -> tuple[Remedy, ...]:
    if tensor.element.bits != 32:
        return ()
    return (Remedy(RemedyKind.VERSION, "Mesa 26.1 leaves it on the CPU, which is right", "26.1"),)
