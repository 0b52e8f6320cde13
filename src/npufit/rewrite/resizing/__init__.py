"""Another input resolution for a model: shapes and the constants that follow from them, or why that cannot be."""

from npufit.rewrite.resizing.resize import Resized, Size, image_input, parse_size, resize, resize_image

__all__ = ["Resized", "Size", "image_input", "parse_size", "resize", "resize_image"]
