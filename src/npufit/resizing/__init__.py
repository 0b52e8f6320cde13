"""resize: a new input resolution for an existing model."""

from npufit.resizing.resize import ResizeResult, SizeChoice, resize

__all__ = ["ResizeResult", "SizeChoice", "resize"]
