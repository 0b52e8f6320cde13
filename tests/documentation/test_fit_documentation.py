"""The page on `npufit fit` shows what the command prints (written anew by `make docs`), and has every option."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from npufit.cli.fit import command
from npufit.rewrite import pass_names
from real_files import REPOSITORY, skip_if_absent

_PAGE = REPOSITORY / "docs" / "fit.md"
_FENCE = "```\n$ npufit "


def _blocks() -> list[str]:
    return [block.partition("\n```")[0] for block in _PAGE.read_text(encoding="utf-8").split(_FENCE)[1:]]


def test_the_page_shows_a_fit_and_a_list() -> None:
    assert len(_blocks()) >= 2


@pytest.mark.parametrize("number", range(len(_blocks())))
def test_what_the_page_shows_is_what_is_printed(number: int) -> None:
    shown = _blocks()[number]
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
    assert done.returncode == 0, done.stderr
    printed = done.stdout.rstrip("\n")
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        page = _PAGE.read_text(encoding="utf-8")
        _PAGE.write_text(page.replace(f"{_FENCE}{shown}\n```", f"{_FENCE}{arguments}\n{printed}\n```"), "utf-8")
    else:
        assert printed == text


def test_every_option_and_every_pass_is_on_the_page() -> None:
    page = _PAGE.read_text(encoding="utf-8")
    for parameter in command.params:
        longest = max((*parameter.opts, *parameter.secondary_opts), key=len)
        if longest.startswith("--") and longest not in ("--help", "--target", "--output", "--color"):
            assert longest in page, longest
    for name in pass_names():
        assert f"\n{name} (" in page, name
