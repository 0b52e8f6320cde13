"""Rules place a whole network, which no probe asked about, as the converter does that has these rules."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest

import npufit
from npufit.stacks import Unit
from npufit.stacks.probed import GroupLimit, Kept, Limit, Probed, ProbedRules, Relation, Scope, Separator
from npufit.tflite import serialize_model
from stand_ins.reading import read_graph

_NETWORK = npufit.load("zoo:mobilenet_v2@256,int8,io=int8")
_TYPES = tuple(sorted({operator.type for operator in _NETWORK.main.operators}))
_ROWS = tuple(Limit(kind, "w*c", Relation.AT_MOST, 10_848, 1) for kind in _TYPES)
_SEGMENTS = GroupLimit(Scope.SEGMENT, "output_bytes", 1_500_000, 1_500_001, Kept.NOTHING, 1)
_SUFFIX = GroupLimit(Scope.GRAPH, "working_set_bytes", 4 << 20, (4 << 20) + 1, Kept.SUFFIX, 1)


def _rules(never: tuple[str, ...] = ()) -> ProbedRules:
    operators = tuple(Probed(kind, kind not in never, 1) for kind in _TYPES)
    return ProbedRules("rules.toml", "", "converter", "1", ("",), 1, 0, "0.1.0", operators)


@pytest.mark.parametrize(
    ("converter", "known"),
    [
        ("row_limit", replace(_rules(), limits=_ROWS)),
        ("segment_limit", replace(_rules(("PAD",)), groups=(_SEGMENTS,))),
        ("last_segment", replace(_rules(("PAD",)), separators=(Separator("PAD", Kept.SUFFIX, 1),))),
        ("working_set", replace(_rules(), groups=(_SUFFIX,))),
    ],
)
def test_a_network_is_placed_as_by_the_converter_itself(converter: str, known: ProbedRules) -> None:
    expected = import_module(f"stand_ins.converters.{converter}").place(read_graph(serialize_model(_NETWORK)))
    placed = npufit.check(_NETWORK, known).placement.operators
    assert 0 < sum(expected) < len(expected)
    assert [entry.unit is Unit.NPU for entry in placed] == expected


def test_between_two_answers_of_the_probe_an_operator_is_unknown() -> None:
    rows = tuple(Limit(kind, "w*c", Relation.AT_MOST, 6_000, 1, next_refused=12_385) for kind in _TYPES)
    entries = npufit.check(_NETWORK, replace(_rules(), limits=rows)).placement.operators
    gap = [entry for entry in entries if entry.unit is Unit.UNKNOWN]
    assert gap
    for entry in gap:
        assert entry.finding is not None
        assert entry.finding.rule.id == "probed.unasked"
        assert "w*c between 6,000, which was taken, and 12,385, which was not" in entry.finding.rule.statement
    assert {entry.unit for entry in entries} == {Unit.NPU, Unit.UNKNOWN}


def test_between_a_group_that_was_taken_and_one_that_was_not_what_would_be_lost_is_unknown() -> None:
    group = replace(_SUFFIX, next_refused=1 << 40)
    sure = npufit.check(_NETWORK, replace(_rules(), groups=(_SUFFIX,))).placement.operators
    unsure = npufit.check(_NETWORK, replace(_rules(), groups=(group,))).placement.operators
    assert [it.unit is Unit.NPU for it in unsure] == [it.unit is Unit.NPU for it in sure]
    assert {it.unit for it in unsure} == {Unit.NPU, Unit.UNKNOWN}
