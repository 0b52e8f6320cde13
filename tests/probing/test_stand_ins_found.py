"""Hidden rules of converters are found through the public verb: exactly, told apart, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import npufit
from npufit.errors import ToolError
from npufit.probing import Command, ProbeOptions
from npufit.probing.asking import Converter, End, choose_converter
from npufit.probing.questions import space_of
from npufit.stacks import PlaceOptions, Unit
from npufit.stacks.probed import Beyond, Limit
from npufit.zoo import build, parse_spec
from stand_ins.in_process import StandIn

PATTERN = r"operator (?P<index>\d+): (?P<unit>NPU|CPU)"
PROGRAMS = str(Path(__file__).parents[1] / "stand_ins")


def _said(limit: Limit) -> str:
    """Return a limit in a line: quantity, relation, limit or values, where it holds, and what happens beyond it."""
    values = limit.limit if limit.limit is not None else ",".join(map(str, limit.accepted))
    where = " and ".join(f"{c.quantity} {','.join(map(str, c.accepted)) or c.limit}" for c in limit.when)
    beyond = "" if limit.beyond is Beyond.REFUSED else f", {limit.beyond}"
    return f"{limit.quantity} {limit.relation} {values}{' where ' if where else ''}{where}{beyond}"


def _probe(name: str, operator: str, *, groups: bool = False) -> npufit.ProbeResult:
    return npufit.probe(StandIn(name), ProbeOptions(operators=(operator,), groups=groups, use_cache=False))


@pytest.mark.parametrize(
    ("name", "operator", "expected"),
    [
        ("row_limit", "ABS", {"w*c <= 10848"}),
        ("tensor_bytes", "RELU", {"ifm_bytes <= 786432", "dtype one-of int16,int8,uint8"}),
        ("product", "AVERAGE_POOL_2D", {"kh*kw <= 256"}),
        ("multiples", "RELU", {"c multiple-of 16", "dtype one-of int8"}),
        (
            "conditional",
            "AVERAGE_POOL_2D",
            {"kh <= 16 where padding SAME", "kw <= 16 where padding SAME"},
        ),
        ("crashing", "RELU", {"c <= 1000, crash"}),
    ],
)
def test_limits_on_operators_are_found_exactly(name: str, operator: str, expected: set[str]) -> None:
    result = _probe(name, operator)
    assert {_said(limit) for limit in result.rules.limits} == expected
    crashes = [dict(crash.values)["w"] for crash in result.rules.crashes]
    assert crashes == ([320] if name == "crashing" else [])


def test_a_limit_on_graphs_is_none_on_operators() -> None:
    result = _probe("working_set", "RELU", groups=True)
    assert [(limit.quantity, limit.limit) for limit in result.rules.groups] == [("working_set_bytes", 4 << 20)]
    assert not result.rules.limits


def _converter(name: str, *, time_limit_s: float = 20, custom_operator: str | None = None) -> Converter:
    pattern = PATTERN if custom_operator is None else None
    command = Command((sys.executable, PROGRAMS, name, "{input}", "{output}"), pattern, custom_operator)
    return choose_converter(command, ProbeOptions(place=PlaceOptions(time_limit_s=time_limit_s)))


@pytest.mark.parametrize(
    ("name", "values", "end"),
    [("crashing", {"w": 320}, End.CRASH), ("hanging", {"kh": 8}, End.TIMEOUT), ("garbage", {}, End.ERROR)],
)
def test_programs_end_badly(name: str, values: dict[str, int], end: End) -> None:
    space = space_of("AVERAGE_POOL_2D")
    converter = _converter(name, time_limit_s=1 if end is End.TIMEOUT else 20)
    assert converter.convert(space.draw({**space.base, **values})).answer.end is end


def test_a_file_with_custom_operators_says_the_same_as_lines() -> None:
    network = build(parse_spec("mobilenet_v1@96,int8"))
    answer = _converter("merging", custom_operator="VendorNpu").convert(network).answer
    assert answer.units == StandIn("merging").convert(network).answer.units
    assert {*answer.units} == {Unit.NPU, Unit.CPU}


def test_a_converter_whose_answers_nobody_can_read_is_an_error() -> None:
    command = Command((sys.executable, PROGRAMS, "garbage", "{input}", "{output}"), PATTERN)
    with pytest.raises(ToolError, match="none of"):
        npufit.probe(command, ProbeOptions(operators=("RELU",), groups=False, questions=3, use_cache=False))


def test_a_converter_that_needs_longer_than_the_limit_is_told_how_to_get_it() -> None:
    command = Command((sys.executable, "-c", "import time; time.sleep(9)", "{input}"), PATTERN)
    options = ProbeOptions(("RELU",), groups=False, place=PlaceOptions(time_limit_s=0.2), use_cache=False)
    with pytest.raises(ToolError, match=r"stopped after 0\.2 s.* --time-limit SECONDS gives it more time"):
        npufit.probe(command, options)
