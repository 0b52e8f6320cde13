"""load and save: models by what users write."""

from npufit.loading.load import load

__all__ = ["load"]
