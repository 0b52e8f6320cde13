"""Quantization that no kernel can compute with: LiteRT refuses the file or gives meaningless answers."""

from __future__ import annotations

from math import isfinite

from npufit.errors import ModelError, Place
from npufit.formatting import plural, shorten
from npufit.graph.model import Model
from npufit.graph.tensor import Tensor


def require_scales(model: Model) -> None:
    """Raise ModelError at the first tensor whose scales or zero points cannot belong to its values."""
    for number, subgraph in enumerate(model.subgraphs):
        for index, tensor in enumerate(subgraph.tensors):
            problem = _problem(tensor)
            if problem:
                place = Place(number, tensor=index, tensor_name=shorten(tensor.name))
                raise ModelError(model.name, problem, place, "Nothing can compute with it: convert the network again")


def _problem(tensor: Tensor) -> str:
    scales, points, axis = tensor.quantization.scales, tensor.quantization.zero_points, tensor.quantization.axis
    if not scales:
        return ""
    bad = next((scale for scale in scales if not isfinite(scale) or scale < 0), None)
    if bad is not None:
        return f"a scale is {bad:g}"
    if len(scales) > 1 and tensor.shape is not None:
        size = tensor.shape[axis] if 0 <= axis < len(tensor.shape) else 0
        if size != len(scales):
            return f"it has {plural(len(scales), 'scale')}, but its dimension {axis} has {size}"
    if len(points) not in (0, 1, len(scales)):
        return f"it has {plural(len(scales), 'scale')}, but {plural(len(points), 'zero point')}"
    try:
        lowest, highest = tensor.element.integer_range
    except ValueError:
        return ""
    far = next((point for point in points if not lowest <= point <= highest), None)
    return "" if far is None else f"a zero point is {far}, outside the range of {tensor.element}"
