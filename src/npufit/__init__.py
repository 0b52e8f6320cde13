"""npufit: where each operator of a `.tflite` model runs on an embedded NPU, why, and what to change."""

from npufit._version import __version__

__all__ = ["__version__"]
