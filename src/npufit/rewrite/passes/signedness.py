"""to-int8 and to-uint8: a whole network with the other sign, if LiteRT provably computes the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from npufit.graph import (
    CONVOLUTIONS,
    NO_TENSOR,
    OPERATOR_TYPES,
    Buffer,
    ElementType,
    Kind,
    Model,
    Operator,
    Padding,
    Pool2DOptions,
    Quantization,
    Scaling,
    Subgraph,
    Tensor,
    fused_activation,
    has_operands,
    least_version,
    same_padding,
)
from npufit.graph.arrays import stored_values
from npufit.rewrite.arithmetic import clamp_of, narrow_product, nearby_scales, round_twice, scales_alike, wide_product
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import same_quantization

if TYPE_CHECKING:
    from npufit.execution import Values

_ALIKE = (
    "ADD", "SUB", "MUL", "RELU", "RELU6", "RELU_N1_TO_1", "LOGISTIC", "TANH", "SOFTMAX", "HARD_SWISH", "LEAKY_RELU",
    "MEAN", "QUANTIZE", "DEQUANTIZE", "MAX_POOL_2D", "MAXIMUM", "MINIMUM", "ARG_MAX",
)  # fmt: skip
_MOVING = tuple(
    row.name for row in OPERATOR_TYPES.values() if row.kind is Kind.MOVEMENT and row.scaling is Scaling.COPIES
)


@dataclass(frozen=True)
class _ToOtherSign(Pass):
    """What both directions share."""

    wanted: ClassVar[ElementType]
    exactness: ClassVar[Exactness] = Exactness.EXACT

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with the other sign, None if an operator prevents it (`obstacles` says which)."""
        turning = _Turning(model, self.wanted)
        if not turning.concerned or turning.obstacles:
            return None
        return turning.finish(self.name)

    def adapt_inputs(self, before: Model, after: Model, inputs: Values) -> Values:
        """Return `inputs` with the top bit of each value flipped if the type changed."""
        pairs = zip(before.main.inputs, after.main.inputs, strict=True)
        return {new: _turn_values(inputs[old], after.main.tensors[new]) for old, new in pairs}

    def adapt_outputs(self, before: Model, after: Model, outputs: Values) -> Values:
        """Return `outputs` with the top bit of each value flipped if the type changed."""
        pairs = zip(before.main.outputs, after.main.outputs, strict=True)
        return {old: _turn_values(outputs[new], before.main.tensors[old]) for old, new in pairs}


@dataclass(frozen=True)
class ToInt8(_ToOtherSign):
    """A uint8 network becomes an int8 one: every value and zero point is 128 less.

    The reference kernels for both types compute the same for:

    1. operators that copy, compare or look up (RESHAPE, PAD, MAX_POOL_2D, RESIZE_NEAREST_NEIGHBOR, LOGISTIC, ...), and
       ADD, SUB, MUL, MEAN, SOFTMAX, HARD_SWISH, LEAKY_RELU, QUANTIZE and DEQUANTIZE;
    2. CONCATENATION, if all inputs are quantized like the output;
    3. AVERAGE_POOL_2D, if every window sees an odd number of positions: halves are rounded up for uint8, but away from
       zero for int8;
    4. FULLY_CONNECTED with one scale;
    5. CONV_2D and DEPTHWISE_CONV_2D, if the weights without their zero point fit into int8 (its kernels have no zero
       point of weights), and if the multiplier, from a 64-bit product for int8 and a 32-bit product for uint8, gives
       the same result for every possible sum. If it does not, neighbouring scales of the weights are tried, per channel
       if necessary.

    The pass applies to the whole network or not at all.
    """

    name: ClassVar[str] = "to-int8"
    summary: ClassVar[str] = "turn a uint8 network into int8, inputs and outputs included"
    wanted: ClassVar[ElementType] = ElementType.INT8


@dataclass(frozen=True)
class ToUint8(_ToOtherSign):
    """An int8 network becomes a uint8 one: every value and zero point is 128 more.

    The cases are those of `to-int8`. Weights get the zero point 128 and need one scale for all channels: the kernels
    for uint8 support no other.
    """

    name: ClassVar[str] = "to-uint8"
    summary: ClassVar[str] = "turn an int8 network with per-tensor weights into uint8, inputs and outputs included"
    cures: ClassVar[tuple[str, ...]] = ("rocket.int8-as-uint8",)
    wanted: ClassVar[ElementType] = ElementType.UINT8


def obstacles(model: Model, wanted: ElementType) -> tuple[str, ...]:
    """Return why `model` cannot become `wanted` (int8 or uint8) exactly, operator by operator; empty if it can."""
    return tuple(_Turning(model, wanted).obstacles)


def _turn_values(values: npt.NDArray[Any], like: Tensor) -> npt.NDArray[Any]:
    if values.dtype.name == like.element.value or not like.element.is_8_bit:
        return values
    return (values.view(np.uint8) ^ 0x80).view(like.element.value)


@dataclass(slots=True)
class _Turning:
    """The new tensors and operators of the main subgraph while every operator is examined."""

    model: Model
    wanted: ElementType
    concerned: bool = field(init=False)
    obstacles: list[str] = field(init=False)
    tensors: list[Tensor] = field(init=False)
    operators: list[Operator] = field(init=False)
    weights: set[int] = field(init=False)

    def __post_init__(self) -> None:
        graph = self.model.main
        self.tensors, self.operators = list(graph.tensors), list(graph.operators)
        self.weights = {
            operator.input(1)
            for operator in graph.operators
            if operator.type in CONVOLUTIONS or operator.type == "FULLY_CONNECTED"
        }
        self.concerned = any(self._turns(tensor) for tensor in graph.tensors)
        self.obstacles = list(self._look())

    def _turns(self, tensor: Tensor) -> bool:
        return tensor.element.is_8_bit and tensor.element is not self.wanted

    def _is_turned(self, operator: Operator) -> bool:
        graph = self.model.main
        return any(map(self._turns, (*graph.input_tensors(operator), *graph.output_tensors(operator))))

    def _look(self) -> Iterator[str]:
        graph = self.model.main
        for index, operator in enumerate(graph.operators):
            if not self._is_turned(operator):
                continue
            check = _CHECKS.get(operator.type)
            if not has_operands(operator):
                yield f"operator {index} ({operator.name}) lacks operands"
                continue
            problem = (
                "is not known to compute the same in both types" if check is None else check(self, index, operator)
            )
            if problem:
                yield f"operator {index} ({operator.name}) {problem}"
        for tensor in self.weights:
            if tensor != NO_TENSOR and self._turns(graph.tensors[tensor]) and self._is_read_otherwise(graph, tensor):
                yield f"'{graph.tensors[tensor].name}' is read as weights and as values"

    @staticmethod
    def _is_read_otherwise(graph: Subgraph, tensor: int) -> bool:
        readers = [operator for operator in graph.operators if tensor in operator.inputs]
        heavy = (*CONVOLUTIONS, "FULLY_CONNECTED")
        others = (reader.type not in heavy or reader.inputs.count(tensor) > 1 for reader in readers)
        return any(others) or any(reader.input(1) != tensor for reader in readers) or tensor in graph.outputs

    def put_weights(self, index: int, values: npt.NDArray[Any], quantization: Quantization) -> None:
        """Give the operator at `index` its own weights, and its bias the resulting scales."""
        operator = self.operators[index]
        old = self.tensors[operator.inputs[1]]
        new = replace(old, element=self.wanted, quantization=quantization, buffer=Buffer(values.tobytes()))
        inputs = list(operator.inputs)
        inputs[1] = self._add(new)
        if operator.input(2) != NO_TENSOR:
            scale = self.model.main.tensors[operator.inputs[0]].quantization.scale
            units = tuple(float(np.float32(scale) * np.float32(one)) for one in quantization.scales)
            bias = self.tensors[operator.inputs[2]]
            inputs[2] = self._add(replace(bias, quantization=Quantization(units, (0,) * len(units))))
        self.operators[index] = replace(operator, inputs=tuple(inputs))

    def _add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def finish(self, name: str) -> Rewritten:
        """Return the model with every other tensor converted as well."""
        from npufit.rewrite.surgery import Editor

        count = len(self.model.main.tensors)
        for index, tensor in enumerate(self.tensors[:count]):
            if self._turns(tensor) and index not in self.weights:
                self.tensors[index] = self._turn(tensor)
        if self.wanted is ElementType.INT8:
            for index, operator in enumerate(self.operators):
                if self._is_turned(self.model.main.operators[index]):
                    version = max(operator.version, least_version(operator, int8=True))
                    self.operators[index] = replace(operator, version=version)
        graph = replace(self.model.main, tensors=tuple(self.tensors), operators=tuple(self.operators))
        turned = replace(self.model, subgraphs=(graph, *self.model.subgraphs[1:]))
        after = Editor(turned).finish()
        ends = [*self.model.main.inputs, *self.model.main.outputs]
        changed = any(self._turns(self.model.main.tensors[index]) for index in ends)
        sites = (Site(0, tuple(range(len(graph.operators))), f"every operator computes in {self.wanted}"),)
        return Rewritten(after, sites, interface_changed=changed)

    def _turn(self, tensor: Tensor) -> Tensor:
        step = 128 if self.wanted is ElementType.UINT8 else -128
        old = tensor.quantization
        points = tuple(point + step for point in old.zero_points) or (step,) * len(old.scales)
        buffer = tensor.buffer
        if buffer.size_bytes:
            buffer = Buffer((np.frombuffer(buffer.data, np.uint8) ^ 0x80).tobytes())
        quantization = replace(old, zero_points=points)
        return replace(tensor, element=self.wanted, quantization=quantization, buffer=buffer)


_Check = Callable[[_Turning, int, Operator], str]


def _same(turning: _Turning, index: int, operator: Operator) -> str:
    return ""


def _concatenation(turning: _Turning, index: int, operator: Operator) -> str:
    graph = turning.model.main
    output = graph.tensors[operator.outputs[0]]
    same = all(same_quantization(tensor, output) for tensor in graph.input_tensors(operator))
    return "" if same else "rescales its inputs, which the kernel for int8 does not do"


def _average(turning: _Turning, index: int, operator: Operator) -> str:
    options, tensors = operator.options, turning.model.main.tensors
    ifm, ofm = tensors[operator.inputs[0]].shape, tensors[operator.outputs[0]].shape
    if not isinstance(options, Pool2DOptions) or ifm is None or ofm is None or len(ifm) != 4 or len(ofm) != 4:
        return "has no known windows"
    rows = _places(ifm[1], ofm[1], options.filter_height, options.stride_h, options.padding)
    columns = _places(ifm[2], ofm[2], options.filter_width, options.stride_w, options.padding)
    return (
        ""
        if rows and columns
        else ("has windows with an even number of positions, whose halves are rounded differently")
    )


def _places(size: int, output: int, kernel: int, stride: int, padding: Padding) -> bool:
    """Return whether all windows along one axis see an odd number of positions."""
    before = same_padding(size, kernel, stride)[0] if padding is Padding.SAME else 0
    starts = (place * stride - before for place in range(output))
    return all((min(size, start + kernel) - max(0, start)) % 2 for start in starts)


def _product(turning: _Turning, index: int, operator: Operator) -> str:
    """Convert the weights of a FULLY_CONNECTED: both types share kernel and multiplier."""
    weights = _plain_weights(turning, operator)
    if isinstance(weights, str):
        return weights
    values, old = weights
    point = old.zero_point
    centred = values.astype(np.int64) - point
    if turning.wanted is ElementType.UINT8:
        values, point = centred + point + 128, point + 128
    elif centred.min(initial=0) >= -128 and centred.max(initial=0) <= 127:
        values, point = centred, 0
    else:
        values, point = centred + point - 128, point - 128
    turning.put_weights(index, values.astype(turning.wanted.value), Quantization(old.scales[:1], (point,)))
    return ""


def _convolution(turning: _Turning, index: int, operator: Operator) -> str:
    """Convert the weights of a convolution if its multiplier then gives the same for every sum."""
    weights = _plain_weights(turning, operator)
    if isinstance(weights, str):
        return weights
    values, old = weights
    to_int8 = turning.wanted is ElementType.INT8
    centred = values.astype(np.int64) - (old.zero_point if to_int8 else 0)
    if centred.min(initial=0) < -128 or centred.max(initial=0) > 127:
        return f"has weights that do not fit into int8 without their zero point {old.zero_point}"
    if not to_int8 and any(old.zero_points):
        return "has int8 weights with a zero point, which the kernel ignores"
    scales = _find_scales(turning, operator, centred, old.scale)
    if scales is None:
        return "has a multiplier that is rounded differently, and no neighbouring scale gives the same for every sum"
    step = 0 if to_int8 else 128
    axis = 3 if operator.type == "DEPTHWISE_CONV_2D" else 0
    quantization = Quantization(scales, (step,) * len(scales), axis if len(scales) > 1 else 0)
    turning.put_weights(index, (centred + step).astype(turning.wanted.value), quantization)
    return ""


def _plain_weights(turning: _Turning, operator: Operator) -> tuple[npt.NDArray[Any], Quantization] | str:
    tensors = turning.model.main.tensors
    tensor = tensors[operator.inputs[1]] if operator.input(1) != NO_TENSOR else None
    values = stored_values(tensor) if tensor is not None else None
    if tensor is None or values is None or not tensor.element.is_8_bit:
        return "has no constant 8-bit weights"
    named = (tensors[operator.inputs[0]], tensors[operator.outputs[0]])
    if any(not other.element.is_8_bit or len(other.quantization.scales) != 1 for other in named) or any(
        other.quantization.scale <= 0 for other in named
    ):
        return "is not quantized to 8 bits with one scale"
    if tensor.quantization.is_per_channel or len(set(tensor.quantization.zero_points)) > 1:
        return "has per-channel weights, which the kernel for uint8 does not support"
    if tensor.quantization.scale <= 0:
        return "has weights without a scale"
    if operator.input(2) != NO_TENSOR and stored_values(tensors[operator.inputs[2]]) is None:
        return "has a bias that is not constant"
    return values, tensor.quantization


def _find_scales(
    turning: _Turning, operator: Operator, centred: npt.NDArray[np.int64], scale: float
) -> tuple[float, ...] | None:
    """Return the scales of the converted weights, one or one per channel, None if none gives the same."""
    tensors = turning.model.main.tensors
    ifm, ofm = tensors[operator.inputs[0]], tensors[operator.outputs[0]]
    clamp = clamp_of(fused_activation(operator.options), ofm)
    if clamp is None:
        return None
    results = clamp[0] - ofm.quantization.zero_point, clamp[1] - ofm.quantization.zero_point
    old, new = (narrow_product, wide_product) if turning.wanted is ElementType.INT8 else (wide_product, narrow_product)
    before = round_twice, old(ifm.quantization.scale, scale, ofm.quantization.scale)
    lowest, highest = _sums(turning, operator, centred, ifm)
    candidates = nearby_scales(scale)

    def fits(candidate: float, low: int, high: int) -> bool:
        after = round_twice, new(ifm.quantization.scale, candidate, ofm.quantization.scale)
        return scales_alike(before, after, (low, high), results)

    ends = int(lowest.min()), int(highest.max())
    common = next((candidate for candidate in candidates if fits(candidate, *ends)), None)
    if common is not None:
        return (common,)
    if turning.wanted is ElementType.UINT8:
        return None
    found: list[float] = []
    for low, high in zip(lowest, highest, strict=True):
        near = next((candidate for candidate in candidates if fits(candidate, int(low), int(high))), None)
        if near is None:
            return None
        found.append(near)
    return tuple(found)


def _sums(
    turning: _Turning, operator: Operator, centred: npt.NDArray[np.int64], ifm: Tensor
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the least and the largest sum of each output channel; padding adds nothing, so zero counts as a value."""
    channels = centred.shape[-1] if operator.type == "DEPTHWISE_CONV_2D" else centred.shape[0]
    matrix = np.moveaxis(centred, -1, 0) if operator.type == "DEPTHWISE_CONV_2D" else centred
    matrix = matrix.reshape(channels, -1)
    bias = np.zeros(channels, np.int64)
    if operator.input(2) != NO_TENSOR:
        held = stored_values(turning.model.main.tensors[operator.inputs[2]])
        bias = bias if held is None else held.astype(np.int64)
    low, high = (end - ifm.quantization.zero_point for end in ifm.element.integer_range)
    low, high = min(low, 0), max(high, 0)
    positive, negative = np.maximum(matrix, 0).sum(1), np.minimum(matrix, 0).sum(1)
    return bias + positive * low + negative * high, bias + positive * high + negative * low


_CHECKS: dict[str, _Check] = {
    **dict.fromkeys((*_MOVING, *_ALIKE), _same),
    "CONCATENATION": _concatenation,
    "AVERAGE_POOL_2D": _average,
    "FULLY_CONNECTED": _product,
    **dict.fromkeys(CONVOLUTIONS, _convolution),
}
"""The conditions for each operator type that is known to compute the same for both signs."""
