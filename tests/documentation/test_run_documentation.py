"""The page on `npufit run` shows what the command prints, and has every option."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from npufit.cli.run import command
from real_files import REPOSITORY, skip_if_absent

_PAGE = (REPOSITORY / "docs" / "run.md").read_text(encoding="utf-8")
_SHOWN = [block.partition("\n```")[0] for block in _PAGE.split("```\n$ npufit ")[1:]]


def _without_times(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(("compile ", "load "))]


def test_the_page_shows_a_model_and_three_captures() -> None:
    assert len(_SHOWN) == 4


@pytest.mark.parametrize("shown", _SHOWN, ids=["zoo", "mobilenet_v1", "mobilenet_v2", "ssd"])
def test_what_the_page_shows_is_what_is_printed(
    shown: str,
) -> None:
    arguments, _, text = shown.partition("\n")
    skip_if_absent(shlex.split(arguments))
    done = subprocess.run(
        [sys.executable, "-m", "npufit", *shlex.split(arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100"},
    )
    printed, expected = _without_times(done.stdout), _without_times(text)
    if expected[-1] == "…":
        expected = expected[:-1]
        printed = printed[: len(expected)]
    assert printed == expected


def test_every_option_is_on_the_page() -> None:
    for parameter in command.params:
        longest = max((*parameter.opts, *parameter.secondary_opts), key=len)
        if longest.startswith("--") and longest not in ("--help", "--target"):
            assert longest in _PAGE, longest


def test_the_example_in_python_holds() -> None:
    code = _PAGE.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(compile(code, "docs/run.md", "exec"), names)
    head, _, last = code.rstrip().rpartition("\n")
    assert head
    equal, first, outputs = eval(last, names)
    assert equal is True
    assert first is None
    assert len(outputs) == 1
