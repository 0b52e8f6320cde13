"""What the documentation says is what the program does."""

from __future__ import annotations

import doctest
import importlib
import os
from pathlib import Path

import pytest

import npufit
from npufit.report.accuracy.scatter import accuracy_svg
from npufit.report.accuracy.text import accuracy_markdown, summary_markdown
from npufit.report.check.screen import check_screen
from npufit.report.rules.text import rule_index, rule_page
from npufit.report.terminal_page import Page
from npufit.stacks import all_rules
from npufit.validating import accuracy_rows
from real_files import REPOSITORY

_DOCS = REPOSITORY / "docs"
_START = "<!-- accuracy: written by make docs -->\n"
_END = "<!-- accuracy: end -->"


_WITH_EXAMPLES = (
    "npufit",
    "npufit.checking.check",
    "npufit.comparing.compare",
    "npufit.cutting.cut",
    "npufit.deploying.deploy",
    "npufit.disassembling.disassemble",
    "npufit.fitting.fit",
    "npufit.loading.load",
    "npufit.resizing.resize",
    "npufit.running.run",
    "npufit.sweeping.sweep",
    "npufit.validating.accuracy",
)


@pytest.mark.parametrize("module", _WITH_EXAMPLES)
def test_examples_in_docstrings_hold(module: str) -> None:
    outcome = doctest.testmod(importlib.import_module(module))
    assert outcome.attempted
    assert not outcome.failed


def test_examples_of_the_python_page_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = doctest.testfile(str(_DOCS / "python.md"), module_relative=False)
    assert outcome.attempted > 40
    assert not outcome.failed


def test_the_readme_shows_a_real_output() -> None:
    path = REPOSITORY / "README.md"
    readme = path.read_text(encoding="utf-8")
    command, _, shown = readme.split("```\n$ ")[1].split("\n```")[0].partition("\n")
    _, _, model, _, target = command.split()
    printed = check_screen(npufit.check(model, target, npufit.CheckOptions(others=True)), model, Page(width=100))
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        path.write_text(readme.replace(shown, printed), encoding="utf-8")
        return
    assert printed == shown


@pytest.mark.parametrize(("name", "whole"), [("docs/accuracy.md", True), ("README.md", False)])
def test_pages_show_the_current_accuracy(name: str, whole: bool) -> None:
    path = REPOSITORY / name
    before, start, rest = path.read_text(encoding="utf-8").partition(_START)
    shown, end, after = rest.partition(_END)
    assert start
    assert end
    result = npufit.accuracy()
    current = f"\n{accuracy_markdown(result) if whole else summary_markdown(result.groups)}\n"
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        path.write_text(f"{before}{start}{current}{end}{after}", encoding="utf-8")
        return
    assert shown == current, "stale: run `make docs`"


def test_the_picture_of_the_accuracy_is_current() -> None:
    path = _DOCS / "accuracy.svg"
    current = accuracy_svg(accuracy_rows())
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        path.write_text(current, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == current, "stale: run `make docs`"


def test_every_command_has_a_page() -> None:
    from npufit.cli.main import npufit as group

    for command in group.list_commands(None):  # pyright: ignore[reportArgumentType]
        page = (_DOCS / f"{command}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# npufit {command}\n")


def test_every_rule_has_its_page_and_no_page_is_left_over() -> None:
    rules = all_rules()
    pages = {f"{rule.id}.md": rule_page(rule) for rule in rules} | {"README.md": rule_index(rules)}
    folder = _DOCS / "rules"
    assert {path.name for path in folder.glob("*.md")} == set(pages)
    for name, text in pages.items():
        assert (folder / name).read_text(encoding="utf-8") == text, f"{name} is stale: run `make docs`"


def test_links_between_pages_lead_somewhere() -> None:
    import re

    for page in (*_DOCS.rglob("*.md"), REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), (page, link)


def test_options_of_check_are_on_its_page() -> None:
    from npufit.cli.check import command

    page = (_DOCS / "check.md").read_text(encoding="utf-8")
    for parameter in command.params:
        longest = max((*parameter.opts, *parameter.secondary_opts), key=len)
        if longest.startswith("--") and longest not in ("--help", "--target", "--output"):
            assert longest in page, longest
