"""Changing a graph: the editor of subgraphs, constants, and operators that only move or copy elements."""

from npufit.rewrite.surgery.editor import Editor
from npufit.rewrite.surgery.element_movement import Movement, find_channels, find_order, is_reshape, movements
from npufit.rewrite.surgery.identity_convolutions import add_selection, add_shift
from npufit.rewrite.surgery.quantization_equality import same_quantization
from npufit.rewrite.surgery.reshapes import add_reshape, put_reshape

__all__ = [
    "Editor",
    "Movement",
    "add_reshape",
    "add_selection",
    "add_shift",
    "find_channels",
    "find_order",
    "is_reshape",
    "movements",
    "put_reshape",
    "same_quantization",
]
