"""What people, scripts and pictures get of a sweep: one real sweep with an unknown range, measurements and a cliff."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from xml.etree import ElementTree

import jsonschema
import pytest

import npufit
from npufit.report import Page, published_schema, to_json
from npufit.report.sweep import SweepDocument, sweep_charts, sweep_csv, sweep_document, sweep_svg, sweep_text

_NAME = "zoo:inception_v1"


@pytest.fixture(scope="module")
def document() -> SweepDocument:
    """Return the document of a sweep with a cliff from 96 to 97 pixels on one target, and a measurement on another."""
    options = npufit.SweepOptions(sizes=("96:224:64",), require=("hazards==0",), use_cache=False)
    targets = ["imx93/teflon@26.2", "imx95/neutron"]
    return sweep_document(npufit.sweep([_NAME, "zoo:mobilenet_v2"], targets, options).result())


def test_the_first_line_answers_and_the_rest_explains(document: SweepDocument) -> None:
    text = sweep_text(document, Page(100))
    lines = text.splitlines()
    assert "224x224 holds hazards==0" in lines[0]
    assert "1 cliff: zoo:inception_v1 (int8) on imx93/teflon@26.2, from 96x96 to 97x97" in " ".join(
        line.strip() for line in lines[:4]
    )
    assert "ethosu.stride-overflow: A stride above 3" in " ".join(text.split())
    assert "measured 3.17" in text
    assert "Without an answer" in text
    assert "--converter" in text
    assert "Keras MobileNetV2 at 320x320: converter: 22 of 88 operators" in " ".join(text.split())
    assert max(map(len, lines)) <= 100


def test_a_network_that_never_reaches_the_npu_is_no_network_without_a_cliff() -> None:
    options = npufit.SweepOptions(sizes=("96:128:32",), quant=("float32",), use_cache=False)
    nothing = sweep_document(npufit.sweep("zoo:mobilenet_v1,alpha=0.25", "imx93/teflon@26.2", options).result())
    assert "Nothing runs on the NPU." in " ".join(sweep_text(nothing, Page(100)).split())
    both = dataclasses.replace(options, quant=("float32", "uint8"))
    mixed = sweep_document(npufit.sweep("zoo:mobilenet_v1,alpha=0.25", "imx93/teflon@26.2", both).result())
    assert "Nothing runs on the NPU at 2 of 4 points." in " ".join(sweep_text(mixed, Page(100)).split())


def test_the_chart_of_the_terminal_fits_and_has_no_colour_of_its_own(document: SweepDocument) -> None:
    plain = sweep_text(document, Page(80), chart=True)
    assert "\x1b" not in plain
    drawn = [line for line in plain.splitlines() if "│" in line or "┤" in line]
    assert drawn
    assert max(map(len, drawn)) <= 80
    assert "● imx93/teflon@26.2" in plain
    assert "\x1b[38" in sweep_text(document, Page(80, color=True), chart=True)


def test_json_and_csv_have_every_point(document: SweepDocument) -> None:
    data = json.loads(to_json(document))
    jsonschema.validate(data, json.loads(published_schema("sweep")))
    rows = list(csv.DictReader(io.StringIO(sweep_csv(document))))
    assert len(rows) == len(data["points"]) == len(document.points)
    assert [row["status"] for row in rows] == [point["status"] for point in data["points"]]
    observed = next(row for row in rows if row["status"] == "observed")
    assert (observed["height"], observed["ms"], observed["npu_operators"]) == ("224", "3.17", "82")
    (cliff,) = data["cliffs"]
    assert (cliff["before"], cliff["after"], cliff["exact"]) == ("96x96", "97x97", True)
    assert cliff["culprit"]["rule"] == cliff["hazards_gained"][0] == "ethosu.stride-overflow"
    assert data["best"] is not None


def test_a_chart_has_its_data_inside(document: SweepDocument) -> None:
    charts = sweep_charts(document)
    assert len(charts) == 2
    for chart in charts.values():
        text = json.dumps(chart)
        assert '"url"' not in text
        assert '"expr"' not in text
    words = json.dumps(charts)
    assert "cliff at 97x97: imx93/teflon@26.2" in words
    assert "3.17 ms, 82 of 88 on the NPU" in words


def test_the_picture_is_svg_and_a_name_in_it_just_a_name() -> None:
    options = npufit.SweepOptions(use_cache=False)
    name = "<script>alert(1)</script>.tflite"
    network = npufit.load("zoo:mobilenet_v1@96,uint8,alpha=0.25")
    hostile = dataclasses.replace(network, name=name)
    targets = ["imx93/teflon@25.3", "imx93/teflon@26.2"]
    document = sweep_document(npufit.sweep(hostile, targets, options).result())
    picture = sweep_svg(document)
    root = ElementTree.fromstring(picture)
    assert root.tag.endswith("svg")
    assert not root.findall(".//{*}script")
    assert "imx93/teflon@26.2" in picture
    assert name in "".join(root.itertext())
