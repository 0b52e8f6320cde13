"""Hidden rules on groups are found from answers alone: what is decided over, which quantity, how much, what is left."""

from __future__ import annotations

from functools import cache
from itertools import islice

import pytest

from npufit.checking import choose_target
from npufit.probing.asking import Unanswered
from npufit.probing.questions import Point, space_of
from npufit.probing.searching import GroupFindings, search_groups
from npufit.stacks import PlaceOptions, place
from npufit.stacks.probed import Beyond, Confidence, GroupLimit, Kept, Probed, ProbedRules, Scope, Separator
from npufit.zoo import build, parse_spec
from stand_ins.in_process import StandIn


@cache
def _search(name: str, batches: int | None = None) -> GroupFindings:
    """Return what a search finds out about a stand-in; the budget ends it after some batches of questions."""
    converter, inquiry = StandIn(name), search_groups(seed=0)

    def convert(point: Point):
        return converter.convert(space_of(point.space).draw(dict(point.values))).answer

    try:
        points = next(inquiry)
        for _ in islice(iter(int, 1), batches):
            points = inquiry.send([convert(point) for point in points])
        inquiry.throw(Unanswered())
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the search went on after the budget had ended")


def _facts(limit: GroupLimit) -> tuple[Scope, str, int, Kept, Beyond]:
    return limit.scope, limit.quantity, limit.limit, limit.kept, limit.beyond


@pytest.mark.parametrize(
    ("name", "expected", "most_apart"),
    [
        ("working_set", (Scope.GRAPH, "working_set_bytes", 4 << 20, Kept.SUFFIX, Beyond.REFUSED), 1),
        ("segment_limit", (Scope.SEGMENT, "output_bytes", 1_500_000, Kept.NOTHING, Beyond.REFUSED), 2),
        ("peak", (Scope.GRAPH, "peak_bytes", 1_000_000, Kept.PREFIX, Beyond.REFUSED), 4),
        ("halving", (Scope.GRAPH, "activation_bytes", 2 << 20, Kept.SUFFIX, Beyond.REFUSED), 10),
        ("all_or_nothing", (Scope.GRAPH, "feature_map_bytes", 1_000_000, Kept.NOTHING, Beyond.REFUSED), 4),
    ],
)
def test_a_limit_on_groups_is_found_exactly(
    name: str, expected: tuple[Scope, str, int, Kept, Beyond], most_apart: int
) -> None:
    findings = _search(name)
    assert [_facts(limit) for limit in findings.limits] == [expected]
    (limit,) = findings.limits
    assert limit.confidence is Confidence.CONFIRMED
    assert limit.next_refused is not None
    assert limit.next_refused - limit.limit <= most_apart
    assert f"{limit.limit:,} bytes" in findings.statements[0]
    assert len(findings.asked) < 200
    assert not findings.crashes
    assert any("less than would fit" in said for said in findings.statements) == (name == "halving")


def test_a_limit_and_an_error_beyond_it_are_two_limits() -> None:
    findings = _search("too_many")
    assert {_facts(limit): limit.next_refused for limit in findings.limits} == {
        (Scope.GRAPH, "operators", 24, Kept.NOTHING, Beyond.REFUSED): 25,
        (Scope.GRAPH, "operators", 96, Kept.NOTHING, Beyond.ERROR): 97,
    }


@pytest.mark.parametrize("name", ["working_set", "segment_limit", "peak", "last_segment"])
def test_networks_are_placed_by_the_rules_as_by_the_converter(name: str) -> None:
    findings = _search(name)
    separators = {separator.operator for separator in findings.separators}
    for spec in ("mobilenet_v2@224,int8", "mobilenet_v2@320,int8", "mobilenet_v1@224,int8"):
        model = build(parse_spec(spec))
        types = sorted({operator.type for operator in model.main.operators})
        rules = ProbedRules(
            name,
            *("", "", "", (), 1, 0, ""),
            operators=tuple(Probed(kind, kind not in separators, 1) for kind in types),
            groups=findings.limits,
            separators=findings.separators,
        )
        placement = place(model, choose_target("imx93/vela").target, PlaceOptions(probed=rules))
        units = tuple(operator.unit for operator in placement.operators)
        assert units == StandIn(name).convert(model).answer.units, spec


def test_an_operator_that_cuts_off_what_comes_before_it_is_no_limit() -> None:
    findings = _search("last_segment")
    assert not findings.limits
    assert [(found.operator, found.kept) for found in findings.separators] == [("PAD", Kept.SUFFIX)]
    assert findings.statements[0] == "PAD stays on the CPU, and so does all that comes before the last one."


def test_neighbours_of_what_is_never_taken_may_be_taken() -> None:
    separators = _search("segment_limit", batches=4).separators
    assert separators == (Separator("PAD", Kept.OTHERS, 2),)


@pytest.mark.parametrize("name", ["tensor_bytes", "multiples"])
def test_limits_on_single_operators_are_none_on_groups(name: str) -> None:
    findings = _search(name)
    assert findings.limits == findings.separators == ()
    assert not findings.crashes
    assert findings.statements[0].startswith("Each operator is decided alone, in ")


def test_a_least_size_of_graphs_is_found() -> None:
    assert _search("at_least_three").statements == ("No operator is taken alone: a graph needs at least 3 of them.",)


def test_the_same_seed_asks_the_same_questions() -> None:
    first, second = (_search.__wrapped__("working_set", batches=22) for _ in range(2))
    assert [asked.point for asked in first.asked] == [asked.point for asked in second.asked]


def test_a_budget_that_ends_leaves_a_wider_limit() -> None:
    findings = _search("working_set", batches=24)
    assert not findings.is_complete
    (limit,) = findings.limits
    assert limit.confidence is not Confidence.CONFIRMED
    assert limit.limit <= 4 << 20 < (limit.next_refused or 0)
