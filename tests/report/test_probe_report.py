"""What people, scripts and documents get of a probe: one made by hand, with every kind of finding."""

from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest

from npufit.probing import End
from npufit.report import Page, to_json
from npufit.report.probe import ProbeDocument, probe_document, probe_markdown, probe_text
from npufit.report.probe.heat_chart import heat_chart
from npufit.report.probe.heat_map import heat_maps
from npufit.report.probe.sights import Sight
from npufit.report.schema import Published, generated_schema
from npufit.stacks.probed import Limit, Relation
from report.made_probes import MADE


@pytest.fixture(scope="module")
def document() -> ProbeDocument:
    return probe_document(MADE)


def test_json_has_the_fields_that_scripts_rely_on(document: ProbeDocument) -> None:
    data = json.loads(to_json(document))
    jsonschema.validate(data, generated_schema(Published("probe", "ProbeDocument", "")))
    assert data["questions"] == 1043
    product = next(limit for limit in data["limits"] if limit["quantity"] == "w*c")
    assert {name: product[name] for name in ("operator", "limit", "relation", "evidence", "questions")} == {
        "operator": "CONV_2D",
        "limit": 16384,
        "relation": "<=",
        "evidence": "executed",
        "questions": 31,
    }
    group = next(limit for limit in data["limits"] if limit["operator"] == "*")
    assert (group["scope"], group["kept"], group["limit"]) == ("graph", "suffix", 8388608)
    (crash,) = data["crashes"]
    assert crash["values"] == {"h": 37, "w": 8, "dtype": "int8"}


def test_a_limit_on_bytes_names_the_sizes_that_follow(document: ProbeDocument) -> None:
    limit = next(limit for limit in document.limits if limit.quantity == "ifm_bytes")
    assert [(implied.quantity, implied.limit) for implied in limit.implied] == [("h*w*c", 4194304)]


def test_a_set_of_numbers_has_the_largest_as_its_limit() -> None:
    strides = Limit("CONV_2D", "stride_w", Relation.ONE_OF, None, 8, accepted=(1, 2, 4), refused=(3, 5))
    rules = dataclasses.replace(MADE.rules, limits=(strides,))
    (limit, _) = probe_document(dataclasses.replace(MADE, rules=rules)).limits
    assert (limit.limit, limit.accepted) == (4, (1, 2, 4))


def test_the_first_line_answers_and_the_limits_follow(document: ProbeDocument) -> None:
    text = probe_text(document, Page(100), seconds=190)
    lines = text.splitlines()
    assert lines[0].startswith(
        "6 limits on 2 operator types of closed-converter 1.2 in 1,043 questions (3 min 10 s). It decides"
    )
    assert "  CONV_2D, ADD     dtype is int8 or uint8 (refused: float32, int16)" in lines
    assert "  CONV_2D          stride_h <= 3 where padding is SAME (refused: 4)" in lines
    assert "Ended early: the budget of 1043 questions." in " ".join(text.split())
    assert "ambiguous: or h*w*c, tensor_bytes" in text
    assert "\x1b" not in text
    assert max(map(len, lines)) <= 100


def test_the_default_is_one_screen_and_the_rest_is_a_switch_away() -> None:
    numbers = [
        dataclasses.replace(MADE.rules.limits[2], limit=number, next_refused=number + 1) for number in range(100, 160)
    ]
    many = dataclasses.replace(MADE, rules=dataclasses.replace(MADE.rules, limits=tuple(numbers)))
    text = probe_text(probe_document(many), Page(100))
    assert len(text.splitlines()) <= 40
    assert "41 more limits: -v" in text
    everything = probe_text(probe_document(many), Page(100), everything=True)
    assert all(f"w*c <= {number} " in everything for number in range(100, 160))
    assert "dtype: accepted: int8, uint8; refused: float32, int16" in everything


def test_a_tool_that_takes_nothing_is_said_to() -> None:
    operators = tuple(dataclasses.replace(entry, is_taken=False) for entry in MADE.rules.operators)
    rules = dataclasses.replace(MADE.rules, operators=operators, limits=(), groups=(), separators=(), crashes=())
    nothing = dataclasses.replace(MADE, rules=rules, groups=None, ended_by="")
    text = probe_text(probe_document(nothing), Page(100))
    assert text.splitlines()[0] == "closed-converter 1.2 takes none of 3 operator types, in 1,043 questions."


def test_markdown_escapes_what_comes_from_outside(document: ProbeDocument) -> None:
    text = probe_markdown(document)
    assert text.startswith("## npufit probe: a closed \\| tool\n")
    assert "| CONV\\_2D, ADD | dtype is int8 or uint8 | float32, int16 | stays on the CPU | confirmed | 8 |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)
    assert "\x1b" not in text


def test_maps_take_values_of_any_sign() -> None:
    limit = Limit("ADD", "zero_point", Relation.AT_LEAST, 0, 3, next_refused=-1)
    product = Limit("ADD", "h*zero_point", Relation.AT_MOST, 8, 3, next_refused=9)
    places = [(h, zero) for h in (1, 2, 3, 4) for zero in (-1, 0, 1, 2)]
    sights = [Sight({"h": h, "zero_point": zero, "w": h + zero}, zero >= 0, End.FINE) for h, zero in places]
    maps = heat_maps([limit, product], sights)
    assert [limit.quantity for found in maps for limit in found.limits] == ["zero_point", "h*zero_point"]
    for found in maps:
        json.dumps(heat_chart(found))
