"""Real values to 8-bit integers, as TFLite's quantization specification defines it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit.graph import ElementType, Quantization

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from npufit.zoo.draft import Bias, Weights
    from npufit.zoo.moments import Floats

    Integers = npt.NDArray[np.int8] | npt.NDArray[np.uint8] | npt.NDArray[np.int32]

_BIAS_LIMIT = 2**31 - 1


def quantize_range(low: float, high: float, element: ElementType) -> Quantization:
    """Return the scale and zero point for values in low..high, which always include 0."""
    import numpy as np

    lowest, highest = element.integer_range
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (highest - lowest)
    zero_point = min(max(round(lowest - low / scale), lowest), highest)
    return Quantization((float(np.float32(scale)),), (zero_point,))


def quantize_parameter(values: Floats, element: ElementType) -> tuple[Integers, Quantization]:
    """Return a constant that is quantized like an activation, with one scale and a zero point."""
    import numpy as np

    quantization = quantize_range(float(values.min()), float(values.max()), element)
    rounded = np.rint(values / np.float32(quantization.scale)) + quantization.zero_point
    return np.clip(rounded, *element.integer_range).astype(element.value), quantization


def quantize_per_tensor(weights: Weights) -> tuple[Integers, Quantization]:
    """Return int8 weights in -127..127 with one scale and zero point 0."""
    import numpy as np

    scale = np.float32(max(weights.values.max(), -weights.values.min()) / 127)
    return np.rint(weights.values * (1 / scale)).astype(np.int8), Quantization((float(scale),), (0,))


def quantize_per_channel(weights: Weights) -> tuple[Integers, Quantization]:
    """Return int8 weights in -127..127 with a scale for each output channel, if the operator supports that."""
    import numpy as np

    if not weights.may_be_per_channel:
        return quantize_per_tensor(weights)
    others = tuple(axis for axis in range(weights.values.ndim) if axis != weights.axis)
    greatest = np.maximum(weights.values.max(axis=others), -weights.values.min(axis=others))
    scales = greatest / np.float32(127)
    integers = np.rint(weights.values * np.expand_dims(1 / scales, others)).astype(np.int8)
    return integers, _symmetric(scales, weights.axis)


def quantize_asymmetric(weights: Weights) -> tuple[Integers, Quantization]:
    """Return uint8 weights in 1..255 with one scale and a zero point, as in TF1's quantization-aware training."""
    import numpy as np

    low, high = float(weights.values.min()), float(weights.values.max())
    scale = np.float32((high - low) / 254)
    zero_point = round(1 - low / float(scale))
    integers = np.clip(np.rint(weights.values * (1 / scale)) + zero_point, 1, 255).astype(np.uint8)
    return integers, Quantization((float(scale),), (zero_point,))


def quantize_bias(bias: Bias, ifm: Quantization, weights: Quantization) -> tuple[Integers, Quantization]:
    """Return an int32 bias whose scales are those of the weights times that of the input."""
    import numpy as np

    scales = np.array(weights.scales, np.float32) * np.float32(ifm.scale)
    integers = np.clip(np.rint(bias.values / scales.astype(np.float64)), -_BIAS_LIMIT, _BIAS_LIMIT)
    return integers.astype(np.int32), _symmetric(scales, 0)


def _symmetric(scales: Floats, axis: int) -> Quantization:
    return Quantization(tuple(scales.tolist()), (0,) * len(scales), axis)
