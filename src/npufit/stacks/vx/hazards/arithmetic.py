"""Hazards of quantization and activations: mismatched scales, padding, dropped activations, missing values."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.graph import Activation, ElementType, Tensor, constant_values
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence
from npufit.stacks.vx.hazards.hazard import VxGraph, report, vx_hazard
from npufit.stacks.vx.releases import ALL, Generation, since
from npufit.stacks.vx.sources import DELEGATE, SET_UP, TIM_VX
from npufit.stacks.vx.vx_operator import VxOperator, is_affine, written_shape

_FUSES = (
    *("ADD", "SUB", "MUL", "DIV", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D", "FULLY_CONNECTED"),
    *("AVERAGE_POOL_2D", "MAX_POOL_2D", "CONCATENATION", "L2_NORMALIZATION"),
)
"""The types whose fused activation the delegate appends as a separate operation."""

_RELATIVE, _ABSOLUTE = 1e-5, 1e-8
_UINT8_OF_INT8 = 128
_RECURRENT = (
    *("UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM", "RNN", "UNIDIRECTIONAL_SEQUENCE_RNN"),
    "BIDIRECTIONAL_SEQUENCE_RNN",
)
_INPUT_TO_INPUT_WEIGHTS = 1
_MOST_BYTES = 1 << 20

SIGN_BIT = vx_hazard(
    "vx.sign-bit",
    "A fused SIGN_BIT activation crashes the process at the first Invoke.",
    "another activation",
    'The delegate knows NONE, RELU, RELU_N1_TO_1, RELU6, TANH and SIGMOID. For any other it prints "Unsupported '
    'fused activation" and then uses an operation that it never created.',
    "A binarized network.",
    ALL,
    DELEGATE,
    Effect.CRASH,
    rewrite="compute the sign with separate operators",
)
NO_SCALE_DIFFERENCE = vx_hazard(
    "vx.squared-difference-scale",
    "SQUARED_DIFFERENCE of 8-bit tensors without a scale crashes the process when the delegate is applied.",
    "a scale for the first input and the output",
    "The check of this operator counts the scales through a pointer that is null if there are none.",
    "A quantized file whose scales a tool removed.",
    since(Generation.L6_1_36),
    DELEGATE,
    Effect.CRASH,
    rewrite="give the tensors a scale of 1 and a zero point of 0",
)
COUPLED_GATES = vx_hazard(
    "vx.coupled-gates",
    "BIDIRECTIONAL_SEQUENCE_LSTM with coupled gates may crash the process when the delegate is applied.",
    "input-to-input weights for the forward cell",
    "The check reads the type of these weights without testing that they exist, so it reads before the start of the "
    "list of tensors.",
    "An LSTM trained with coupled gates (CIFG).",
    since(Generation.L6_1_1),
    DELEGATE,
    Effect.CRASH,
    evidence=Evidence.INFERRED,
)
BIAS_SCALE = vx_hazard(
    "vx.bias-scale",
    "A convolution or FULLY_CONNECTED fails at the first Invoke if its bias scale is not the product of the input and "
    "weight scales.",
    "bias scale = input scale * weight scale, within 1e-5 of it (or 1e-8), if the weights have one scale",
    'ovxlib compares the scales when it sets the node up. In a log: "input_scale[...] * weight_scale[...] != '
    'bias_scale[...]", then "Failed to verify graph". TensorFlow Lite is less strict.',
    "A model whose activations were rescaled by a tool that left the biases unchanged.",
    ALL,
    SET_UP,
    Effect.FAILS,
    rewrite="recompute the biases for the scale input times weights",
    evidence=Evidence.EXECUTED,
)
PAD_ZERO = vx_hazard(
    "vx.pad-zero-point",
    "PAD of a quantized tensor may fill in a value other than zero.",
    "a zero point of 0 for uint8, of -128 for int8",
    "The delegate always pads with the integer 0, whatever the zero point. ovxlib turns int8 into uint8 (zero point "
    "plus 128) unless VSI_NN_ENABLE_I8TOU8=0, so it is the integer 0 of uint8. Whether the closed driver writes it "
    "unchanged is unknown.",
    "The PAD before a strided convolution of a YOLOv8, whose activations have a zero point of -118.",
    ALL,
    f"derived from {DELEGATE} and {TIM_VX}",
    Effect.WRONG,
    rewrite="fold the PAD into the convolution after it, or give its tensor the zero point for which integer 0 is zero",
    experiment="run the operator alone on the board with ones as input and inspect the border",
    evidence=Evidence.INFERRED,
)
DROPPED_MINIMUM = vx_hazard(
    "vx.dropped-minimum",
    "MINIMUM with a constant of the highest integer is left out, and its output with it.",
    "an output with the input's shape and quantization, read inside the same partition",
    "This MINIMUM changes no value, so the delegate creates no node and passes its input on under the output's name. "
    "If the output has another scale or shape, or leaves the partition, the input cannot replace it.",
    "A clamp at the top of the range, as the last operator of a partition.",
    since(Generation.L5_15_71),
    DELEGATE,
    Effect.WRONG,
    rewrite="remove the MINIMUM",
)
DROPPED_ACTIVATION = vx_hazard(
    "vx.transpose-conv-activation",
    "The fused activation of a TRANSPOSE_CONV is dropped.",
    "no activation, or one that the range of the output implies",
    "The delegate adds activations after convolutions, pools and arithmetic, but not after this operator.",
    "The decoder of a segmentation network exported with a fused RELU.",
    ALL,
    DELEGATE,
    Effect.WRONG,
    rewrite="write the activation as a separate operator",
)
LOST_STATE = vx_hazard(
    "vx.lost-state",
    "The state of an LSTM or RNN is not returned from the NPU.",
    "a model that starts from scratch at every inference",
    "The delegate has a way to pass state back to TensorFlow Lite, but no operator uses it: the variable tensors keep "
    "their values from before the run. A model that is fed step by step forgets.",
    "A keyword spotter that is fed frame by frame.",
    ALL,
    f"derived from {DELEGATE}",
    Effect.WRONG,
    rewrite="make the states inputs and outputs of the model, and pass them on in the application",
    evidence=Evidence.INFERRED,
)


def find_sign_bits(graph: VxGraph) -> Iterator[Hazard]:
    """Yield operators with a fused activation that the delegate does not know."""
    for site in graph.accepted(*_FUSES):
        if site.activation is Activation.SIGN_BIT:
            yield report(graph, SIGN_BIT, site, "the delegate does not know its activation", "SIGN_BIT")


def find_differences_without_scale(graph: VxGraph) -> Iterator[Hazard]:
    """Yield SQUARED_DIFFERENCEs of 8-bit tensors without a scale."""
    for site in graph.accepted("SQUARED_DIFFERENCE"):
        tensors = [tensor for tensor in (site.input(0), site.output) if tensor is not None]
        if any(tensor.element.is_8_bit and not is_affine(tensor) for tensor in tensors):
            yield report(graph, NO_SCALE_DIFFERENCE, site, "its check counts missing scales", "no scale")


def find_coupled_gates(graph: VxGraph) -> Iterator[Hazard]:
    """Yield bidirectional LSTMs without input-to-input weights."""
    for site in graph.accepted("BIDIRECTIONAL_SEQUENCE_LSTM"):
        if site.input(_INPUT_TO_INPUT_WEIGHTS) is None:
            message = "its check reads missing weights"
            yield report(graph, COUPLED_GATES, site, message, "no input-to-input weights")


def find_bias_scales(graph: VxGraph) -> Iterator[Hazard]:
    """Yield convolutions and dense layers, quantized per tensor, whose bias scale is not the product of the others."""
    for site in graph.accepted("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        scales = [_single_scale(site.input(position)) for position in (0, 1, 2)]
        if None in scales:
            continue
        source, weights, bias = (scale or 0.0 for scale in scales)
        product = source * weights
        if bias and not abs(product - bias) <= max(min(product, bias) * _RELATIVE, _ABSOLUTE):
            found = f"{source:.8g} * {weights:.8g} = {product:.8g}, bias {bias:.8g}"
            message = "its bias scale is not the product of the input and weight scales, so ovxlib refuses it"
            yield report(graph, BIAS_SCALE, site, message, found, evidence=graph.set_up_evidence(Evidence.INFERRED))


def _single_scale(tensor: Tensor | None) -> float | None:
    if tensor is None or tensor.element.is_float or len(tensor.quantization.scales) != 1:
        return None
    return tensor.quantization.scale


def find_pads(graph: VxGraph) -> Iterator[Hazard]:
    """Yield PADs of tensors whose integer 0, as uint8, does not mean zero."""
    for site in graph.accepted("PAD"):
        source, paddings = site.input(0), site.input(1)
        if source is None or paddings is None or not source.element.is_8_bit or not is_affine(source):
            continue
        amounts = constant_values(paddings)
        if amounts is not None and not any(amounts):
            continue
        zero = source.quantization.zero_point
        filled = 0 if source.element is ElementType.UINT8 else -_UINT8_OF_INT8
        if zero != filled:
            value = (filled - zero) * source.quantization.scale
            message = f"the border may become {value:.4g} instead of 0"
            yield report(graph, PAD_ZERO, site, message, f"{source.element}, zero point {zero}")


def find_dropped_minima(graph: VxGraph) -> Iterator[Hazard]:
    """Yield MINIMUMs that the delegate leaves out although their output is not just their input."""
    if graph.release.generation < Generation.L5_15_71:
        return
    for site in graph.accepted("MINIMUM"):
        source, bound, output = site.input(0), site.input(1), site.output
        if source is None or bound is None or output is None or not _is_all_highest(bound):
            continue
        if bound.quantization.scales != source.quantization.scales or (
            bound.quantization.zero_points != source.quantization.zero_points
        ):
            continue
        if _means(source) != _means(output):
            message = "it is left out, and so is the change of scale or shape that it makes"
            yield report(graph, DROPPED_MINIMUM, site, message, "input and output differ")
        elif _ends_unwritten(graph, site):
            message = "it is left out, and its output leaves the partition unwritten"
            yield report(graph, DROPPED_MINIMUM, site, message, "read outside of the partition")


def _means(tensor: Tensor) -> tuple[object, ...]:
    quantization = tensor.quantization
    return written_shape(tensor), quantization.scales, quantization.zero_points


def _ends_unwritten(graph: VxGraph, site: VxOperator) -> bool:
    """Return whether the output leaves the partition while the input is known only inside it."""
    source = site.operator.input(0)
    producer = graph.producer_inside(site, source)
    outputs = site.operator.outputs
    return producer is not None and not graph.leaves(producer, source) and graph.leaves(site, outputs[0])


def _is_all_highest(tensor: Tensor) -> bool:
    if not tensor.is_constant or not tensor.element.is_8_bit or tensor.buffer.size_bytes > _MOST_BYTES:
        return False
    highest = tensor.element.integer_range[1]
    return bytes(tensor.buffer.data).strip(bytes([highest])) == b""


def find_dropped_activations(graph: VxGraph) -> Iterator[Hazard]:
    """Yield TRANSPOSE_CONVs with an activation that their output's range does not imply."""
    for site in graph.accepted("TRANSPOSE_CONV"):
        output = site.output
        if output is not None and not _is_implied(site.activation, output):
            message = f"it computes without its {site.activation.name}"
            yield report(graph, DROPPED_ACTIVATION, site, message, site.activation.name)


def _is_implied(activation: Activation, output: Tensor) -> bool:
    if activation is Activation.NONE:
        return True
    if not output.element.is_8_bit or len(output.quantization.scales) != 1:
        return False
    low, high = output.element.integer_range
    zero, scale = output.quantization.zero_point, output.quantization.scale
    least, most = (low - zero) * scale, (high - zero) * scale
    bounds = {Activation.RELU: (0.0, None), Activation.RELU6: (0.0, 6.0), Activation.RELU_N1_TO_1: (-1.0, 1.0)}
    if activation not in bounds:
        return False
    lower, upper = bounds[activation]
    return least >= lower and (upper is None or most <= upper)


def find_lost_states(graph: VxGraph) -> Iterator[Hazard]:
    """Yield recurrent operators with state in variable tensors."""
    for site in graph.accepted(*_RECURRENT):
        states = sum(tensor.is_variable for tensor in site.inputs)
        if states:
            message = "every inference starts with the same state"
            yield report(graph, LOST_STATE, site, message, f"{states} variable tensor{'s' if states > 1 else ''}")
