"""resize: give an existing model a new input resolution."""

from npufit.resizing.resize import ResizeResult, SizeChoice, resize

__all__ = ["ResizeResult", "SizeChoice", "resize"]
