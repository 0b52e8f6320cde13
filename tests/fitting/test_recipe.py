"""Recipes: what is saved is what is read, and nothing else is believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from npufit import __version__
from npufit.errors import InputError
from npufit.fitting import Recipe, pass_options, pass_text, read_recipe
from npufit.fitting.recipe import LARGEST_RECIPE_BYTES
from npufit.rewrite import parse_pass
from npufit.rewrite.passes.activations import FuseActivations
from npufit.rewrite.passes.dead import RemoveDead
from npufit.rewrite.passes.escapes import BreakEscape
from npufit.rewrite.passes.padding import FoldPad


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    passes = (FoldPad(growth=1), RemoveDead(), BreakEscape(by="pool"))
    path = tmp_path / "recipe.json"
    path.write_text(Recipe(passes, __version__, "imx93/teflon@25.3", "a\udcffb.tflite").text(), encoding="utf-8")
    recipe = read_recipe(path)
    assert recipe.passes == passes
    assert recipe.target == "imx93/teflon@25.3"
    assert json.loads(path.read_text())["passes"][0] == {
        "name": "fold-pad",
        "exactness": "exact",
        "options": {"growth": 1},
    }


def test_a_recipe_with_a_former_name_of_a_pass_replays(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    written = Recipe((FuseActivations(),), __version__, "imx93/vela@5.2", "m").text()
    path.write_text(written.replace("fuse-activations", "refuse-activations"), encoding="utf-8")
    assert "refuse-activations" in path.read_text()
    assert read_recipe(path).passes == (FuseActivations(),)


def test_passes_are_written_as_they_are_read() -> None:
    for text in ("fold-pad", "fold-pad:growth=1", "break-escape:by=repeat"):
        assert pass_text(parse_pass(text)) == text
    assert pass_options(FoldPad()) == {"growth": 2}


def _document(**changes: Any) -> dict[str, Any]:
    return json.loads(Recipe((FoldPad(),), __version__, "imx93/vela@5.2", "m").text()) | changes


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "Invalid JSON"),
        ("[1]", "not a recipe"),
        (_document(npufit_recipe=2), "npufit_recipe"),
        (_document(more=1), "more"),
        (_document(passes=[{"name": "nobody", "exactness": "exact"}]), "there is no pass 'nobody'"),
        (_document(passes=[{"name": "fold-pad", "exactness": "exact", "options": {"no": 1}}]), "no option 'no'"),
        (_document(passes=[{"name": "fold-pad", "exactness": "exact", "options": {"growth": {}}}]), "growth"),
        (_document(passes=[{"name": "fold-pad", "exactness": "exact", "options": {"growth": "x"}}]), "not a valid"),
        (_document(passes=[{"name": "fold-pad", "exactness": "exact"}] * 101), "passes"),
        (_document(passes=[{"name": "fold-pad", "exactness": "sure"}]), "exactness"),
    ],
)
def test_wrong_recipes_say_where(document: dict[str, Any] | str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(InputError, match=said):
        read_recipe(path)


def test_numbers_that_are_none_and_large_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(Recipe((FoldPad(),), __version__, "t", "m").text().replace('"growth": 2', '"growth": Infinity'))
    with pytest.raises(InputError, match="growth"):
        read_recipe(path)
    path.write_bytes(b" " * (LARGEST_RECIPE_BYTES + 1))
    with pytest.raises(InputError, match="larger than"):
        read_recipe(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(tmp_path / "absent")
