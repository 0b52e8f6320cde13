"""The array types of this room."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.ethosu.operations import Element

Array = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Memory = dict[int, Bytes]
"""The bytes of every region; the internal SHRAM has the key SHRAM."""

CONSTANTS = 0
"""The region of a program's own constants."""

SHRAM = -1


def dtype_of(element: Element) -> np.dtype[Any]:
    """Return the NumPy type of a feature map's values."""
    return np.dtype(f"<{'i' if element.signed else 'u'}{element.size_bytes}")
