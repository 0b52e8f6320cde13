"""A new input resolution for a model: dependent shapes and constants, or why it is impossible."""

from npufit.rewrite.resolution.resize import (
    Resized,
    Size,
    image_input,
    image_size,
    parse_size,
    resize_image,
    resize_inputs,
)

__all__ = ["Resized", "Size", "image_input", "image_size", "parse_size", "resize_image", "resize_inputs"]
