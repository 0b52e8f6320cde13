"""load and save: models by what users write."""

from npufit.loading.load import ZOO_PREFIX, ModelSource, load, model_file, save

__all__ = ["ZOO_PREFIX", "ModelSource", "load", "model_file", "save"]
