"""load and save: models by what users write."""

from npufit.loading.load import ModelSource, load, save

__all__ = ["ModelSource", "load", "save"]
