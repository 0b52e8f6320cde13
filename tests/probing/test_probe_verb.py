"""The verb: a converter with one hidden limit, from its subject to what a rule file keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

import npufit
from npufit.errors import InputError, ToolError
from npufit.probing import ProbeOptions
from npufit.stacks.probed import Relation
from probing.asking.answering_programs import CountingConverter, program


def test_a_limit_is_found_and_a_second_probe_asks_nothing(tmp_path: Path) -> None:
    converter = CountingConverter(tmp_path / "diary")
    options = ProbeOptions(operators=("RELU",), groups=False, cache=tmp_path / "kept.sqlite", target="imx93/vela")
    first = npufit.probe(converter, options)
    [limit] = first.rules.limits
    assert (limit.operator, limit.quantity, limit.relation, limit.limit) == ("RELU", "w", Relation.AT_MOST, 40)
    assert limit.next_refused == 41
    assert first.questions == len(converter.asked()) == first.rules.questions
    assert (first.kept, first.ended_by) == (0, "")
    assert first.rules.target == "imx93/vela"
    [probed] = first.rules.operators
    assert (probed.operator, probed.is_taken) == ("RELU", True)
    assert {asked.quantity: asked.most for asked in probed.ranges}["w"] == 40
    second = npufit.probe(converter, options)
    assert second.rules == first.rules
    assert second.kept == second.questions == len(converter.asked())


def test_a_budget_ends_a_probe_with_what_is_known(tmp_path: Path) -> None:
    options = ProbeOptions(operators=("RELU", "ABS"), groups=False, questions=40, use_cache=False)
    found = npufit.probe(CountingConverter(tmp_path / "diary"), options)
    assert found.questions <= 40
    assert found.ended_by == "the budget of 40 questions"
    assert [operator.operator for operator in found.operators] == ["RELU", "ABS"]
    assert not all(operator.is_complete for operator in found.operators)


def test_a_tool_that_never_answers_is_no_probe() -> None:
    options = ProbeOptions(operators=("RELU",), groups=False, questions=30, use_cache=False)
    with pytest.raises(ToolError, match="no license") as caught:
        npufit.probe(program("import sys; sys.exit('no license')"), options)
    assert "where the operators run" in str(caught.value)


def test_an_unknown_operator_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    converter = CountingConverter(tmp_path / "diary")
    with pytest.raises(InputError, match="CONV_2D"):
        npufit.probe(converter, ProbeOptions(operators=("CONV2D",)))
    assert converter.asked() == []
