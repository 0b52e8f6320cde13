"""The accuracy report: the same numbers in every format, and safe against texts of others."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import jsonschema
import pytest

from npufit.report.accuracy.document import accuracy_document
from npufit.report.accuracy.scatter import accuracy_svg
from npufit.report.accuracy.text import accuracy_markdown, accuracy_text
from npufit.report.document import published_schema, to_json
from npufit.report.terminal_page import Page
from npufit.validating import AccuracyResult, AccuracyRow, GroupAccuracy

_HOSTILE = "\x1b[2J<script>alert('1')</script>|`x`\n# title\u202e]]>&"
_ROW = AccuracyRow(
    chip="imx93",
    group="imx93/vela",
    model="MobileNet",
    size="224x224",
    network="zoo:mobilenet_v1@224,uint8",
    unit="npu",
    threads="",
    stack="ethosu-delegate+vela",
    stack_version="LF1",
    measured_ms=4.0,
    predicted_ms=5.0,
    low_ms=3.5,
    high_ms=6.5,
    compiler_ms=6.0,
    left_out="",
    source="somewhere",
)
_GROUP = GroupAccuracy("imx93/vela", "", 1, 1, 0.25, 0.25, 1.0, 0.8, 1.3, 0.5, 0.5)


@pytest.fixture
def rows() -> list[AccuracyRow]:
    """Return a row that counts, one that does not, and one whose texts try to steer terminals and pages."""
    hostile = replace(_ROW, model=_HOSTILE, size=_HOSTILE, group=_HOSTILE, stack_version=_HOSTILE, source=_HOSTILE)
    left_out = replace(
        _ROW, predicted_ms=None, low_ms=None, high_ms=None, compiler_ms=None, left_out=f"because {_HOSTILE}"
    )
    return [
        _ROW,
        left_out,
        hostile,
        replace(_ROW, group="imx8mp/cpu", threads="4", measured_ms=40.0, predicted_ms=30.0),
    ]


def test_json_follows_the_published_schema(rows: list[AccuracyRow]) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(published_schema("accuracy")))
    document = json.loads(to_json(accuracy_document(AccuracyResult(tuple(rows), (_GROUP,), ()))))
    jsonschema.validate(document, json.loads(published_schema("accuracy")))
    assert [row["error"] for row in document["rows"]] == [0.25, None, 0.25, -0.25]
    assert [row["counts"] for row in document["rows"]] == [True, False, True, True]


def test_text_says_the_error_and_the_compilers_and_lets_nothing_steer_the_terminal(rows: list[AccuracyRow]) -> None:
    for everything in (False, True):
        text = accuracy_text(AccuracyResult(tuple(rows), (_GROUP,), ()), Page(), everything=everything)
        assert "\x1b" not in text
        assert "\u202e" not in text
        for words in ("+25 %", "-25 %", "+50 %", "Not counted: 1 row", "because"):
            assert words in text
    more = AccuracyResult((*rows, replace(rows[1], left_out="x")), (), ())
    assert "somewhere" in accuracy_text(more, Page(), everything=True)


def test_markdown_escapes_and_keeps_its_columns(rows: list[AccuracyRow]) -> None:
    text = accuracy_markdown(AccuracyResult(tuple(rows), (_GROUP,), ()))
    assert "<script>" not in text
    assert "\n# title" not in text
    cells = 0
    for line in text.splitlines():
        found = line.replace("\\|", "").count("|") if line.startswith("|") else 0
        assert cells in (0, found) or not found, line
        cells = found


def test_the_picture_is_sound_and_shows_every_row_that_counts(rows: list[AccuracyRow]) -> None:
    svg = ElementTree.fromstring(accuracy_svg(rows))
    space = "{http://www.w3.org/2000/svg}"
    titles = [title.text or "" for title in svg.iter(f"{space}title")]
    assert len(titles) == 1 + sum(row.counts for row in rows)
    assert not list(svg.iter(f"{space}script"))
    assert any("MobileNet @ 224x224, measured 4 ms, predicted 5.00 ms" in title for title in titles)


def test_a_mark_above_the_line_is_a_prediction_that_is_too_high() -> None:
    svg = ElementTree.fromstring(accuracy_svg([_ROW, replace(_ROW, predicted_ms=1.0, compiler_ms=None)]))
    heights = [float(mark.attrib["cy"]) for mark in svg.iter("{http://www.w3.org/2000/svg}circle")][:2]
    assert heights[0] < heights[1]


def test_an_empty_picture_is_sound() -> None:
    ElementTree.fromstring(accuracy_svg([]))
    assert "0 public measurements" in accuracy_text(AccuracyResult((), (), ()), Page())
