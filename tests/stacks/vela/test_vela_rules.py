"""The rules and the texts that they are sorted by."""

from __future__ import annotations

import pytest

from networks.chains import chain
from npufit.stacks.vela import STACK
from npufit.stacks.vela.reasons import Reason, read_reasons
from npufit.stacks.vela.rules import explain


def test_rules_are_complete() -> None:
    rules = STACK.rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.id.startswith("vela.")
        assert rule.statement.endswith(".")
        assert all((rule.limit, rule.why, rule.example, rule.remedies, rule.versions, rule.source))


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        ("Unsupported opType", "vela.unsupported-type"),
        ("Operation has tensor with unsupported DataType Float32 (#0.0)", "vela.float"),
        ("Operation has tensor with unsupported DataType UInt16 (#0.0)", "vela.data-type"),
        ("Unsupported dataType Int64", "vela.data-type"),
        ("Operation has tensor t0 with missing quantization parameters", "vela.unquantized"),
        ("Operation has shapeless tensor", "vela.unknown-shape"),
        ("Batch > 1: 3, 2, 4, 5", "vela.batch"),
        ("Scaling matches and operation has unsupported scale-factor=3", "vela.constraint"),
    ],
)
def test_found_texts_of_vela_5_2(found: str, rule: str) -> None:
    model = chain("RELU")
    reason = Reason("RELU", "#0.1", found, "what Vela wants")
    assert explain(model.main.operators[0], reason, model, "5.2.0").rule.id == rule


def test_warnings_of_several_lines_are_read_whole() -> None:
    text = (
        "\nWarning (supported operators) operator: MEAN, ofm: 'out'\n"
        "Reason: Batch > 1: 3, 2, 4, 5\nBatch must be 1.\n\n"
        "Warning (supported operators) operator: CUSTOM, ofm: 'it's'\nReason: Unsupported opType\n\nNetwork summary\n"
    )
    assert read_reasons(text) == (
        Reason("MEAN", "out", "Batch > 1: 3, 2, 4, 5", "Batch must be 1."),
        Reason("CUSTOM", "it's", "Unsupported opType", ""),
    )
