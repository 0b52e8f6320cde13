"""Values of tensors, by tensor index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
Values = Mapping[int, Array]
"""Values of tensors of a main subgraph, by tensor index."""


def without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without its dimensions of size 1."""
    return tuple(size for size in shape if size != 1)
