"""The page on Vela's releases shows the kept comparisons, one an operator type, and Vela's contradictions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from pydantic import TypeAdapter

from npufit.report.probe import DifferenceDocument, difference_markdown, difference_text
from npufit.report.probe.difference_document import SideEntry
from npufit.report.terminal_page import Page
from probing.proof.vela_boundaries import CONTRADICTIONS, Contradiction
from real_files import REPOSITORY

_PAGE = REPOSITORY / "docs" / "vela_releases.md"
_KEPT = REPOSITORY / "docs" / "vela_releases"


def _kept() -> DifferenceDocument:
    """Return the kept comparisons as one."""
    kept = [TypeAdapter(DifferenceDocument).validate_json(it.read_bytes()) for it in sorted(_KEPT.glob("*.json"))]
    assert not any(it.ended_by for it in kept)
    return replace(
        kept[0],
        first=_joint([it.first for it in kept]),
        second=_joint([it.second for it in kept]),
        operators=tuple(operator for it in kept for operator in it.operators),
        differences=tuple(difference for it in kept for difference in it.differences),
        questions=sum(it.questions for it in kept),
    )


def _joint(sides: Sequence[SideEntry]) -> SideEntry:
    names = {(it.name, it.tool, it.version) for it in sides}
    assert len(names) == 1
    return replace(
        sides[0],
        questions=sum(it.questions for it in sides),
        limits=sum(it.limits for it in sides),
        taken=tuple(operator for it in sides for operator in it.taken),
    )


def test_the_page_shows_the_kept_comparison() -> None:
    _show("differences", difference_markdown(_kept()))


def test_the_text_answers_first_and_groups_limits_by_what_becomes_of_models() -> None:
    document = _kept()
    lines = difference_text(document, Page(100), everything=True).splitlines()
    count = len(document.differences)
    assert lines[0].startswith(f"imx93/vela@3.8 and imx93/vela@5.2 differ in {count} rules on ")
    assert "Only imx93/vela@5.2 takes" in lines
    assert any(line.split() == ["LOGISTIC", "batch", "<=", "1", "in", "imx93/vela@3.8", "only"] for line in lines)
    assert sum(line.strip().startswith("smallest model: ") for line in lines) == count


def test_the_page_shows_the_contradictions() -> None:
    rows = ["| operator | the report | model | Vela 5.2 |", "|---|---|---|---|", *map(_row, CONTRADICTIONS)]
    _show("contradictions", "\n".join(rows) + "\n")


def _row(it: Contradiction) -> str:
    values = ", ".join(f"{name} {value}" for name, value in it.values.items())
    return f"| {it.operator} | {it.clause or it.sentence or 'says nothing'} | {values} | {it.outcome.upper()} |"


def _show(name: str, current: str) -> None:
    start, end = f"<!-- {name}: written by make docs -->\n", f"<!-- {name}: end -->"
    before, _, rest = _PAGE.read_text(encoding="utf-8").partition(start)
    shown, _, after = rest.partition(end)
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        _PAGE.write_text(f"{before}{start}\n{current}\n{end}{after}", encoding="utf-8")
        return
    assert shown == f"\n{current}\n"
