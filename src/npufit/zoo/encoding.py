"""A draft in a number format: every tensor quantized, every operator with the version that this needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from npufit.graph import (
    Buffer,
    DepthwiseConv2DOptions,
    ElementType,
    Model,
    Operator,
    Quantization,
    Subgraph,
    Tensor,
    least_version,
)
from npufit.zoo.draft import Activations, AsIs, Bias, Dialect, Draft, DraftTensor, Parameter, Weights
from npufit.zoo.ends import add_signature, convert_ends, make_batch_dynamic
from npufit.zoo.quantize import (
    quantize_asymmetric,
    quantize_bias,
    quantize_parameter,
    quantize_per_channel,
    quantize_per_tensor,
    quantize_range,
)
from npufit.zoo.spec import Precision, ZooSpec

if TYPE_CHECKING:
    import numpy.typing as npt

    from npufit.zoo.quantize import Integers


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a precision stores things: the type of activations and weights, and how weights are quantized."""

    element: ElementType
    quantize_weights: Callable[[Weights], tuple[Integers, Quantization]]


_FORMATS = {
    Precision.INT8: NumberFormat(ElementType.INT8, quantize_per_channel),
    Precision.INT8_PER_TENSOR: NumberFormat(ElementType.INT8, quantize_per_tensor),
    Precision.UINT8: NumberFormat(ElementType.UINT8, quantize_asymmetric),
}


def encode(draft: Draft, spec: ZooSpec) -> Model:
    """Return `draft` as a model in the number format, and with the inputs and outputs, of `spec`."""
    number_format = _FORMATS.get(spec.precision)
    if number_format is None:
        draft = _without_requantization(draft)
    int8 = spec.precision.is_int8
    operators = tuple(replace(operator, version=_version(draft, operator, int8=int8)) for operator in draft.operators)
    tensors = _quantized_tensors(draft, number_format) if number_format else _float_tensors(draft)
    subgraph = Subgraph(tensors, tuple(draft.inputs), tuple(draft.outputs), operators, "main")
    if int8:
        subgraph = convert_ends(subgraph, spec.boundary)
    if draft.dialect is Dialect.KERAS:
        subgraph = make_batch_dynamic(subgraph)
    model = Model(str(spec), (subgraph,), description=f"npufit {spec}")
    return add_signature(model) if draft.dialect is Dialect.KERAS else model


def _without_requantization(draft: Draft) -> Draft:
    """Return the draft without its QUANTIZE operators, which are meaningless in float."""
    same = {operator.outputs[0]: operator.inputs[0] for operator in draft.operators if operator.type == "QUANTIZE"}
    if not same:
        return draft

    def resolved(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(same.get(index, index) for index in indices)

    kept = [replace(operator, inputs=resolved(operator.inputs)) for operator in draft.operators]
    operators = [operator for operator in kept if operator.outputs[0] not in same]
    return replace(draft, operators=operators, outputs=list(resolved(tuple(draft.outputs))))


def _version(draft: Draft, operator: Operator, *, int8: bool) -> int:
    """Return the version that TFLiteConverter 2.15 writes: the lowest sufficient one."""
    if operator.type == "DEPTHWISE_CONV_2D" and not int8 and _is_dilated(draft):
        return 2
    computes = any(isinstance(draft.tensors[index].role, Activations) for index in operator.inputs)
    return least_version(operator, int8=int8 and computes)


def _is_dilated(draft: Draft) -> bool:
    """Return whether a depthwise convolution skips pixels, which raises the version of all of them."""
    options = (operator.options for operator in draft.operators)
    return any(isinstance(entry, DepthwiseConv2DOptions) and entry.dilation_h_factor > 1 for entry in options)


def _float_tensors(draft: Draft) -> tuple[Tensor, ...]:
    return tuple(
        replace(entry.tensor, buffer=_buffer(entry.role.values))
        if isinstance(entry.role, (Weights, Bias, Parameter))
        else entry.tensor
        for entry in draft.tensors
    )


def _quantized_tensors(draft: Draft, number_format: NumberFormat) -> tuple[Tensor, ...]:
    ranges = _common_ranges(draft)
    tensors: list[Tensor] = []
    for index, entry in enumerate(draft.tensors):
        tensors.append(_quantized(entry, number_format, ranges.get(index), tensors))
    return tuple(tensors)


def _quantized(
    entry: DraftTensor, number_format: NumberFormat, bounds: Activations | None, earlier: list[Tensor]
) -> Tensor:
    """Return the tensor in the number format; `earlier` holds the finished tensors before it."""
    element = number_format.element
    match entry.role:
        case Activations():
            assert bounds is not None
            return replace(entry.tensor, element=element, quantization=quantize_range(bounds.low, bounds.high, element))
        case Weights() as weights:
            buffer, quantization = _quantized_weights(weights, number_format)
            return replace(entry.tensor, element=element, quantization=quantization, buffer=buffer)
        case Parameter(values):
            integers, quantization = quantize_parameter(values, element)
        case Bias() as bias:
            element = ElementType.INT32
            ifm, weights = earlier[bias.ifm].quantization, earlier[bias.weights].quantization
            integers, quantization = quantize_bias(bias, ifm, weights)
        case AsIs.AS_IS:
            return entry.tensor
    return replace(entry.tensor, element=element, quantization=quantization, buffer=_buffer(integers))


def _quantized_weights(weights: Weights, number_format: NumberFormat) -> tuple[Buffer, Quantization]:
    def make() -> tuple[Buffer, Quantization]:
        integers, quantization = number_format.quantize_weights(weights)
        return _buffer(integers), quantization

    kind = number_format.quantize_weights, weights.axis, weights.may_be_per_channel
    return weights.source.form(kind, make)


def _common_ranges(draft: Draft) -> dict[int, Activations]:
    """Return the range of every activation tensor; tied tensors get the union of their ranges."""
    ranges = {index: entry.role for index, entry in enumerate(draft.tensors) if isinstance(entry.role, Activations)}
    leader = {index: index for index in ranges}

    def find(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    for group in draft.tied:
        first, *others = dict.fromkeys(map(find, group))
        for other in others:
            leader[other] = first
            low, high = min(ranges[first].low, ranges[other].low), max(ranges[first].high, ranges[other].high)
            ranges[first] = Activations(low, high)
    return {index: ranges[find(index)] for index in ranges}


def _buffer(values: npt.NDArray[Any]) -> Buffer:
    return Buffer(values.data.cast("B"))
