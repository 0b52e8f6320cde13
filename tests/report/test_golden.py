"""What people read, word for word.

After a change that is meant, write the files anew with NPUFIT_UPDATE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import npufit
from npufit.checking import evaluate_gate, parse_gate
from npufit.report.check.text import check_text, comparison_text, gates_text
from npufit.report.rules.text import rule_text
from npufit.report.terminal_page import Page
from npufit.stacks import find_rule

_FOLDER = Path(__file__).parent / "golden"
_PAGE = Page(width=100)


def _compare(name: str, text: str) -> None:
    path = _FOLDER / f"{name}.txt"
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        path.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "model", "target"),
    [
        ("mobilenet_v2_uint8_teflon_26.2", "zoo:mobilenet_v2@224,uint8", "imx93/teflon@26.2"),
        ("mobilenet_v2_per_tensor_teflon_25.3", "zoo:mobilenet_v2@224,int8-per-tensor,io=int8", "imx93/teflon@25.3"),
        ("mobilenet_v2_per_channel_teflon_25.3", "zoo:mobilenet_v2@224,int8", "imx93/teflon@25.3"),
        ("ssd_mobilenet_v1_etnaviv", "zoo:ssd_mobilenet_v1@300,uint8", "imx8mp/teflon@26.1"),
        ("resnet50_v2_neutron", "zoo:resnet50_v2@96,int8", "imx95/neutron@1.16"),
        ("vx", "zoo:mobilenet_v1@32,uint8", "imx8mp/vx"),
    ],
)
def test_a_check_reads_as_it_should(name: str, model: str, target: str) -> None:
    _compare(name, check_text(npufit.check(npufit.load(model), target), _PAGE))


def test_a_comparison_and_gates_read_as_they_should() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    results = [npufit.check(model, target) for target in ("imx93/teflon@25.3", "imx93/teflon@26.2", "imx95/neutron")]
    gates = [evaluate_gate(parse_gate(gate), result) for result in results for gate in ("npu-macs>=99%", "hazards==0")]
    _compare("comparison", f"{comparison_text(results, _PAGE)}\n\n{gates_text(gates, _PAGE)}")


def test_a_rule_reads_as_it_should() -> None:
    _compare("rule_hazard", rule_text(find_rule("ethosu.brick-order"), _PAGE))
