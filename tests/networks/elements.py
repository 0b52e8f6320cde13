"""Element types and quantizations by short names."""

from __future__ import annotations

import numpy as np

from npufit.graph import ElementType, Quantization

BOOL, FLOAT16, FLOAT32 = ElementType.BOOL, ElementType.FLOAT16, ElementType.FLOAT32
INT8, UINT8, INT16, INT32, INT64 = (
    ElementType.INT8,
    ElementType.UINT8,
    ElementType.INT16,
    ElementType.INT32,
    ElementType.INT64,
)


def quantized(scale: float, zero_point: int = 0) -> Quantization:
    """Return the quantization of a whole tensor; the scale is rounded to what a file holds."""
    return Quantization((float(np.float32(scale)),), (zero_point,))


HALF = quantized(0.05, -128)
"""int8 from 0 to 12.75: half of it is the range of RELU6."""

SIX = Quantization((0.0235294122248888,), (-128,))
"""6/255 as a 32-bit float: an int8 range that is exactly that of RELU6."""
