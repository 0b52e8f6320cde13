"""The demands of an operator on a processor: arithmetic, values and bytes, without time."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from npufit.graph import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    Family,
    Operator,
    Pool2DOptions,
    Subgraph,
    Tensor,
    measure_work,
    operator_type,
)

_REAL = (ElementType.FLOAT32, ElementType.FLOAT16, ElementType.FLOAT64, ElementType.BFLOAT16)


@dataclass(frozen=True, slots=True)
class Demand:
    """The demands of one operator.

    Values are elements of activations, per inference: `inputs` read, `outputs` written. `depth_in` and `depth_out` are
    channels, `height` and `width` those of the output. `patch` is the number of weights behind one output value of a
    convolution (kernel height x width x channels in), or the size of a window. `weight_bytes` are those of constants.
    `element_bytes` is the width of the activations; `is_float` says that they are floating point, `is_unsigned` that
    the output is uint8, for which LiteRT has separate kernels.
    """

    type: str
    family: Family
    macs: int
    inputs: int
    outputs: int
    height: int
    width: int
    depth_in: int
    depth_out: int
    kernel_height: int
    kernel_width: int
    stride: int
    weight_bytes: int
    element_bytes: int
    is_float: bool
    is_unsigned: bool

    @property
    def patch(self) -> int:
        """Input values behind one output value."""
        window = self.kernel_height * self.kernel_width
        return window * self.depth_in if self.family is Family.CONVOLUTION else window

    @property
    def activation_bytes(self) -> int:
        """Bytes of the activations that are read and written once."""
        return (self.inputs + self.outputs) * self.element_bytes


def measure_demand(subgraph: Subgraph, operator: Operator) -> Demand:
    """Return the demands of `operator` in `subgraph`. Unknown shapes count as nothing."""
    work = measure_work(subgraph, operator)
    inputs = tuple(subgraph.input_tensors(operator))
    outputs = tuple(subgraph.output_tensors(operator))
    activations = [tensor for tensor in inputs if not tensor.is_constant]
    constants = [tensor for tensor in inputs if tensor.is_constant]
    main = outputs[0] if outputs else None
    first = activations[0] if activations else None
    shape = (main.shape if main is not None else None) or ()
    height, width = (shape[1], shape[2]) if len(shape) == 4 else (1, 1)
    kernel_height, kernel_width = _kernel(operator, constants)
    return Demand(
        type=operator.name,
        family=operator_type(operator).family,
        macs=work.macs,
        inputs=sum(tensor.element_count for tensor in activations),
        outputs=sum(tensor.element_count for tensor in outputs),
        height=height,
        width=width,
        depth_in=_depth(first),
        depth_out=_depth(main),
        kernel_height=kernel_height,
        kernel_width=kernel_width,
        stride=_stride(operator),
        weight_bytes=sum(tensor.size_bytes for tensor in constants),
        element_bytes=max(1, (main.element.bits if main is not None else 8) // 8),
        is_float=any(tensor.element in _REAL for tensor in (*activations, *outputs)),
        is_unsigned=main is not None and main.element is ElementType.UINT8,
    )


def _depth(tensor: Tensor | None) -> int:
    return tensor.shape[-1] if tensor is not None and tensor.shape else 1


def _kernel(operator: Operator, constants: list[Tensor]) -> tuple[int, int]:
    options = operator.options
    if isinstance(options, Pool2DOptions):
        return options.filter_height, options.filter_width
    weights = constants[0] if constants else None
    if weights is not None and weights.shape is not None and len(weights.shape) == 4 and prod(weights.shape):
        return weights.shape[1], weights.shape[2]
    return 1, 1


def _stride(operator: Operator) -> int:
    options = operator.options
    if isinstance(options, Conv2DOptions | DepthwiseConv2DOptions | Pool2DOptions):
        return max(options.stride_h, options.stride_w)
    return 1
