"""Saving a fit: the rewritten model or its parts, and the recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from npufit.cutting.cut import CutResult
from npufit.errors import InputError
from npufit.files import is_same_file, require_not_source, require_output_file, require_output_folder, write_file
from npufit.fitting import FitResult
from npufit.tflite import serialize_model


@dataclass(frozen=True, slots=True)
class SavedFit:
    """The files that were written; each is None if it was not, and `why_not` says why.

    `sizes` are the bytes of the model before and after as files.
    """

    sizes: tuple[int, int]
    output: Path | None = None
    recipe: Path | None = None
    cut: CutResult | None = None
    why_not: str = ""


def require_fit_output(
    model: str, output: Path | None, recipe: Path | None, *, overwrite: bool, is_folder: bool
) -> None:
    """Raise InputError, before any work, if the output could not be written or would replace something."""
    if output is not None and recipe is not None and is_same_file(output, recipe):
        raise InputError(f"{recipe}: --recipe and --output are the same file.")
    for path in (output, recipe):
        if path is not None:
            require_not_source(path, model)
    if output is not None:
        (require_output_folder if is_folder else require_output_file)(output, overwrite=overwrite)


def save_fit(
    fit: FitResult, cut: CutResult | None, output: Path | None, recipe: Path | None, *, overwrite: bool
) -> SavedFit:
    """Write the results and return them; parts that failed their proof and an existing recipe are not written."""
    data = serialize_model(fit.model)
    sizes = len(serialize_model(fit.original.model)), len(data)
    why_not = _why_not(fit, cut, output)
    if why_not or output is None:
        return SavedFit(sizes, cut=cut, why_not=why_not)
    if cut is None:
        write_file(output, data, overwrite=overwrite)
    else:
        cut.save(output, overwrite=overwrite)
    saved = recipe if recipe is not None and fit.steps and not recipe.exists() else None
    if saved is not None:
        fit.recipe.save(saved)
    return SavedFit(sizes, output, saved, cut)


def _why_not(fit: FitResult, cut: CutResult | None, output: Path | None) -> str:
    if fit.is_survey:
        return "--list changes nothing"
    if cut is None and not fit.steps:
        return "there is nothing to change"
    if cut is not None and cut.has_failed:
        return "the parts failed their proof"
    return "use -o OUT to write the result" if output is None else ""
