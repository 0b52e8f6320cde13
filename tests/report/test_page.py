"""The shell of the HTML pages: what stands in them can neither leave its element nor run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

import npufit.report.page as page_room
from npufit.checking import check
from npufit.cli.main import npufit
from npufit.errors import InputError
from npufit.report.check import check_page
from npufit.report.document import Document
from npufit.report.page import graph_view
from npufit.report.page.network_document import Network, NetworkOperator, NetworkSubgraph, NetworkTensor
from npufit.report.page.payload import payload_text
from real_files import REPOSITORY

_INTERFACE = re.compile(r"interface (\w+)(?: extends (\w+))? {\n(.*?)\n}", re.DOTALL)
_FIELD = re.compile(r"^  (\w+)\??:", re.MULTILINE)
_FOLDER = Path(page_room.__file__).parent


@pytest.mark.parametrize("bundle", sorted(path.name for path in _FOLDER.glob("*.js")))
def test_a_bundle_cannot_end_its_element_and_names_the_licences_of_what_is_in_it(bundle: str) -> None:
    text = (_FOLDER / bundle).read_text(encoding="utf-8")
    assert not re.search(r"</script|<!--", text, re.IGNORECASE)
    notice = text.split("*/")[0] if text.startswith("/*!") else ""
    for package in ("dagre", "d3-zoom"):
        assert (package in notice) == (bundle == "graph.js")


def test_a_payload_is_json_that_cannot_end_its_element() -> None:
    hostile = ["</script><!--", "\u202e", "\u2028", "caf\u00e9 & \ud800"]
    text = str(payload_text(hostile))
    assert not set("<>&") & set(text)
    assert text.isascii()
    assert json.loads(text) == ["</script><!--", "\\u202e", "\\u2028", "caf\u00e9 & \\ud800"]


def test_the_policy_names_exactly_the_scripts_and_the_style_of_the_page() -> None:
    result = check(REPOSITORY / "tests/models/kws_ref_model.tflite", "imx93/teflon@25.3")
    html = check_page(result.model, [result], "kws_ref_model.tflite")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    bodies = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [_hash(body) for body in bodies]
    assert rules["style-src"] == _hash(re.findall(r"<style>(.*?)</style>", html, re.DOTALL)[0])
    assert not re.search(r'\s(?:style|on\w+)="', re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize(
    ("interface", "document"),
    [
        ("Tensor", NetworkTensor),
        ("Operator", NetworkOperator),
        ("Subgraph", NetworkSubgraph),
        ("Network", Network),
        ("Hazard", graph_view.ViewHazard),
        ("Finding", graph_view.ViewFinding),
        ("PlacedOperator", graph_view.ViewOperator),
        ("Partition", graph_view.ViewPartition),
        ("ViewColouring", graph_view.ViewColouring),
        ("View", graph_view.View),
        ("GraphPayload", graph_view.GraphPayload),
    ],
)
def test_the_viewer_knows_the_fields_that_the_payload_has(interface: str, document: type[Document]) -> None:
    text = (REPOSITORY / "web/src/graph/payload.ts").read_text(encoding="utf-8")
    blocks = {name: (base, body) for name, base, body in _INTERFACE.findall(text)}
    names = {"Finding": "Reason"}
    base, body = blocks[names.get(interface, interface)]
    known = set(_FIELD.findall(body)) | (set(_FIELD.findall(blocks[base][1])) if base else set[str]())
    assert known == {field.name for field in fields(document)}


@pytest.mark.parametrize("command", ["check", "fit", "run"])
def test_a_page_never_replaces_the_model(command: str, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes((REPOSITORY / "tests/models/kws_ref_model.tflite").read_bytes())
    before = model.read_bytes()
    found = CliRunner().invoke(npufit, [command, str(model), "-t", "imx93/vela", "--html", str(model)])
    assert isinstance(found.exception, InputError)
    assert "never replaced" in str(found.exception)
    assert model.read_bytes() == before
