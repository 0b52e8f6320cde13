"""fit: rewrite a model until it fits its target: the search, the proof that the answer is unchanged, and recipes.

`npufit.fitting.search` and `npufit.fitting.proof` have their own public faces.
"""

from npufit.fitting.fit import fit, list_passes
from npufit.fitting.options import FitOptions
from npufit.fitting.progress import FitProgress, FitStage, ignore_progress
from npufit.fitting.recipe import Recipe, option_text, pass_options, pass_text, read_recipe
from npufit.fitting.result import FitResult
from npufit.fitting.step import FitStep

__all__ = [
    "FitOptions",
    "FitProgress",
    "FitResult",
    "FitStage",
    "FitStep",
    "Recipe",
    "fit",
    "ignore_progress",
    "list_passes",
    "option_text",
    "pass_options",
    "pass_text",
    "read_recipe",
]
