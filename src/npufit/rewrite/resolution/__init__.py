"""Another input resolution for a model: shapes and the constants that follow from them, or why that cannot be."""

from npufit.rewrite.resolution.resize import Resized, Size, image_input, parse_size, resize_image, resize_inputs

__all__ = ["Resized", "Size", "image_input", "parse_size", "resize_image", "resize_inputs"]
