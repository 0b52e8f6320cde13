"""Recipes: the passes applied to a model, as a JSON file that can be read, kept and replayed."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npufit.errors import InputError
from npufit.files import read_bounded, write_file
from npufit.formatting import clean, shorten
from npufit.rewrite import Pass, make_pass

LARGEST_RECIPE_BYTES = 1 << 20
_MOST_PASSES = 100
_FORM = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """Passes in order, and their origin: by which version, for which target and model they were found."""

    passes: tuple[Pass, ...]
    npufit_version: str
    target: str
    model: str

    def text(self) -> str:
        """Return the recipe as the text of a file for `read_recipe`."""
        document = {
            "npufit_recipe": _FORM,
            "npufit_version": self.npufit_version,
            "target": self.target,
            "model": clean(self.model),
            "passes": [
                {"name": pass_.name, "exactness": pass_.exactness.value, "options": pass_options(pass_)}
                for pass_ in self.passes
            ],
        }
        return json.dumps(document, indent=2) + "\n"

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the recipe to the file at `path`. Raises InputError if it exists and `overwrite` is not given."""
        write_file(Path(path), self.text().encode(), overwrite=overwrite)


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class _PassForm(_Strict):
    name: str = Field(min_length=1, max_length=100)
    exactness: Literal["exact", "approximate"]
    options: dict[str, bool | int | float | str | list[str] | None] = Field(default_factory=dict, max_length=100)


class _RecipeForm(_Strict):
    npufit_recipe: Literal[1]
    npufit_version: str = Field(max_length=100)
    target: str = Field(max_length=1000)
    model: str = Field(max_length=10_000)
    passes: list[_PassForm] = Field(max_length=_MOST_PASSES)


def read_recipe(path: str | Path) -> Recipe:
    """Return the recipe in the file at `path`. Raises InputError listing what is wrong with it."""
    data = read_bounded(Path(path), LARGEST_RECIPE_BYTES, "Give a recipe that `npufit fit` wrote.")
    try:
        form = _RecipeForm.model_validate_json(data)
    except ValidationError as error:
        raise InputError(f"{path}: not a recipe of npufit fit: {_problems(error)}.") from None
    try:
        passes = tuple(make_pass(entry.name, entry.options) for entry in form.passes)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return Recipe(passes, form.npufit_version, form.target, form.model)


def pass_options(pass_: Pass) -> dict[str, Any]:
    """Return the options of a pass by the names of its fields, ready for JSON."""
    return {field.name: _plain(getattr(pass_, field.name)) for field in fields(pass_)}


def pass_text(pass_: Pass) -> str:
    """Return a pass as users write it, such as `fold-pad:growth=1`; default options are left out."""
    given = [
        f"{field.name.replace('_', '-')}={option_text(getattr(pass_, field.name))}"
        for field in fields(pass_)
        if field.default is MISSING or getattr(pass_, field.name) != field.default
    ]
    return f"{pass_.name}:{','.join(given)}" if given else pass_.name


def option_text(value: Any) -> str:
    """Return the value of an option as users write it."""
    value = _plain(value)
    if isinstance(value, list):
        return "+".join(map(str, cast("list[Any]", value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _plain(value: Any) -> Any:
    """Return the value of an option as JSON has it."""
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value


def _problems(error: ValidationError) -> str:
    """Return the first few problems and their places."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    words = [f"{'.'.join(map(str, entry['loc'])) or 'the file'}: {entry['msg']}" for entry in found[:4]]
    return shorten("; ".join(words), 400)
