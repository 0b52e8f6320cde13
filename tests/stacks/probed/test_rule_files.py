"""Rule files: written and read alike, decided by on both sides of each limit, and no trouble if they are hostile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import npufit
from npufit.checking import CheckResult
from npufit.errors import InputError
from npufit.report.check.screen import check_screen
from npufit.report.terminal_page import Page
from npufit.stacks import Evidence, Status, Unit
from npufit.stacks.probed import (
    AskedRange,
    Beyond,
    Condition,
    Confidence,
    Crash,
    GroupLimit,
    Kept,
    Limit,
    Probed,
    ProbedRules,
    Relation,
    Scope,
    Separator,
    measure_graph,
    read_rules,
    rule_text,
)

_TYPES = ("CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MEAN", "FULLY_CONNECTED", "SOFTMAX", "PAD", "QUANTIZE", "DEQUANTIZE")
_ALL_TAKEN = ProbedRules(
    name="limits.toml",
    target="",
    tool="converter",
    version="1.2",
    identity=("converter", "1.2"),
    questions=1043,
    seed=0,
    made_by="0.1",
    operators=tuple(Probed(name, True, 10) for name in _TYPES),
)
_MODEL = "zoo:mobilenet_v2@96,int8,alpha=0.35"


def _check(tmp_path: Path, known: ProbedRules, model: str = _MODEL) -> CheckResult:
    file = tmp_path / "limits.toml"
    file.write_text(rule_text(known), "utf-8")
    return npufit.check(model, file)


def _off(result: CheckResult) -> dict[int, str]:
    """Return the rule of each operator that is not on the NPU."""
    return {
        placed.id.index: placed.finding.rule.id
        for placed in result.placement.operators
        if placed.unit is not Unit.NPU and placed.finding is not None
    }


def _with(*limits: Limit) -> ProbedRules:
    return replace(_ALL_TAKEN, limits=limits)


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    known = replace(
        _ALL_TAKEN,
        target="imx93/vela@5.2",
        operators=(Probed("CONV_2D", True, 9, (AskedRange("h", 1, 64), AskedRange("padding", words=("SAME",)))),),
        limits=(
            Limit("CONV_2D", "w*c", Relation.AT_MOST, 4096, 31, next_refused=4097, confidence=Confidence.CONFIRMED),
            Limit(
                "CONV_2D", "stride", Relation.ONE_OF, None, 9, ("1x1", "2x2"), ("3x3",),
                when=(Condition("padding", Relation.ONE_OF, accepted=("SAME",)), Condition("c", Relation.AT_LEAST, 4)),
                beyond=Beyond.CRASH, alternatives=("stride_h", "stride_w"), evidence=Evidence.OBSERVED,
            ),
        ),
        groups=(GroupLimit(Scope.GRAPH, "peak_bytes", 10, None, Kept.SUFFIX, 3),),
        separators=(Separator("PAD", Kept.PREFIX, 3),),
        crashes=(Crash("ADD", Beyond.TIMEOUT, (("h", 7), ("padding", "SAME")), 'said "no"\n\x1b[31m'),),
    )  # fmt: skip
    file = tmp_path / "limits.toml"
    file.write_text(rule_text(known), "utf-8")
    printed = replace(known, crashes=(replace(known.crashes[0], message='said "no"\\n\\x1b[31m'),))
    assert read_rules(file) == printed
    assert rule_text(read_rules(file)) == rule_text(known)


def test_what_keeps_all_limits_is_on_the_npu_by_inference(tmp_path: Path) -> None:
    result = _check(tmp_path, _ALL_TAKEN)
    assert not _off(result)
    assert {placed.evidence for placed in result.placement.operators} == {Evidence.INFERRED}
    assert result.name == "converter/probed@1.2, limits.toml"
    assert result.estimate is None
    assert "1,043 questions" in result.placement.settings[0].origin


@pytest.mark.parametrize(
    ("limit", "beyond"),
    [
        (Limit("CONV_2D", "h*w*c", Relation.AT_MOST, 27648, 1), [3]),
        (Limit("CONV_2D", "ifm_bytes", Relation.AT_MOST, 27647, 1), [1, 3, 7, 10]),
        (Limit("DEPTHWISE_CONV_2D", "stride_h", Relation.ONE_OF, None, 1, (1,), (2,)), [6, 14, 26, 53]),
        (Limit("CONV_2D", "padding", Relation.ONE_OF, None, 1, ("SAME",), ("VALID",)), [66]),
        (Limit("MEAN", "reduced_axis", Relation.MULTIPLE_OF, 2, 1), [67]),
        (Limit("FULLY_CONNECTED", "ofm_c", Relation.NONE_OF, None, 1, refused=(1000,)), [68]),
        (Limit("ADD", "h", Relation.AT_LEAST, 12, 1), [31, 35, 39, 46, 50, 58, 62]),
    ],
)
def test_a_limit_takes_what_keeps_it_and_nothing_else(tmp_path: Path, limit: Limit, beyond: list[int]) -> None:
    result = _check(tmp_path, _with(limit))
    assert sorted(_off(result)) == beyond
    finding = result.placement.operators[beyond[0]].finding
    assert finding is not None
    assert limit.quantity in finding.found
    assert (finding.evidence, finding.source) == (Evidence.INFERRED, "probe of converter 1.2, 1,043 questions")


def test_a_condition_narrows_a_limit(tmp_path: Path) -> None:
    valid = Condition("padding", Relation.ONE_OF, accepted=("VALID",))
    many = Condition("c", Relation.AT_LEAST, 96)
    limit = Limit("DEPTHWISE_CONV_2D", "stride", Relation.ONE_OF, None, 1, ("1x1",), ("2x2",), when=(valid, many))
    assert sorted(_off(_check(tmp_path, _with(limit)))) == [26, 53]


def test_what_was_not_asked_about_is_unknown(tmp_path: Path) -> None:
    few = replace(_ALL_TAKEN, operators=_ALL_TAKEN.operators[:-1])
    assert _off(_check(tmp_path, few)) == {70: "probed.unasked"}
    narrow = Probed("ADD", True, 9, (AskedRange("h", 6, 24), AskedRange("activation", words=("NONE", "RELU"))))
    others = tuple(entry for entry in _ALL_TAKEN.operators if entry.operator != "ADD")
    result = _check(tmp_path, replace(_ALL_TAKEN, operators=(*others, narrow)))
    assert _off(result) == {58: "probed.unasked", 62: "probed.unasked"}
    assert result.placement.status is Status.PARTIAL
    between = Limit("ADD", "w", Relation.ONE_OF, None, 9, accepted=(24, 6, 3), refused=(13, 25))
    assert _off(_check(tmp_path, _with(between))) == {19: "probed.unasked", 23: "probed.unasked"}
    amid_refused = replace(between, refused=(10, 13, 25))
    assert _off(_check(tmp_path, _with(amid_refused))) == {19: "probed.limit", 23: "probed.limit"}


def test_types_that_are_never_taken_and_separate(tmp_path: Path) -> None:
    types = tuple(replace(entry, is_taken=entry.operator != "PAD") for entry in _ALL_TAKEN.operators)
    separator = Separator("PAD", Kept.SUFFIX, 3)
    off = _off(_check(tmp_path, replace(_ALL_TAKEN, operators=types, separators=(separator,))))
    assert [index for index, rule in off.items() if rule == "probed.never-taken"] == [5, 13, 25, 52]
    assert [index for index, rule in off.items() if rule == "probed.separator"] == [
        index for index in range(52) if index not in (5, 13, 25)
    ]


@pytest.mark.parametrize(
    ("kept", "expected"),
    [(Kept.SUFFIX, range(52)), (Kept.PREFIX, range(19, 71)), (Kept.NOTHING, range(71)), (Kept.OTHERS, [])],
)
def test_a_graph_that_is_too_large_keeps_a_part(tmp_path: Path, kept: Kept, expected: range) -> None:
    graph = npufit.load(_MODEL).main
    parts = {Kept.SUFFIX: range(52, 71), Kept.PREFIX: range(19)}
    limit = measure_graph(graph, parts.get(kept, range(70)))["output_bytes"]
    group = GroupLimit(Scope.GRAPH, "output_bytes", limit, limit + 1, kept, 9)
    off = _off(_check(tmp_path, replace(_ALL_TAKEN, groups=(group,))))
    assert sorted(off) == list(expected)
    assert set(off.values()) <= {"probed.group"}


def test_segments_are_judged_each(tmp_path: Path) -> None:
    types = tuple(replace(entry, is_taken=entry.operator != "PAD") for entry in _ALL_TAKEN.operators)
    group = GroupLimit(Scope.SEGMENT, "operators", 12, 13, Kept.NOTHING, 9)
    off = _off(_check(tmp_path, replace(_ALL_TAKEN, operators=types, groups=(group,))))
    assert [index for index, rule in off.items() if rule == "probed.group"] == [*range(26, 52), *range(53, 71)]


def test_failures_of_the_converter_are_hazards(tmp_path: Path) -> None:
    limit = Limit("CONV_2D", "h", Relation.AT_MOST, 48, 1, beyond=Beyond.TIMEOUT)
    crash = Crash("ADD", Beyond.CRASH, (("h", 12), ("w", 12), ("c", 16)), "Assertion failed")
    result = _check(tmp_path, replace(_with(limit), crashes=(crash,)))
    assert [(hazard.rule.id, hazard.operators[0]) for hazard in result.placement.hazards] == [
        ("probed.crash", 1), ("probed.crash", 19), ("probed.crash", 23),
    ]  # fmt: skip
    assert not any(hazard.certain for hazard in result.placement.hazards)


def test_rules_of_a_target_are_that_target(tmp_path: Path) -> None:
    result = _check(tmp_path, replace(_with(Limit("ADD", "h", Relation.AT_LEAST, 12, 1)), target="imx93/teflon@25.3"))
    assert str(result.target) == "imx93/teflon@25.3"
    assert result.estimate is not None
    assert result.estimate.cpu_only_ms > 0


@pytest.mark.parametrize(
    ("tool", "target", "source"),
    [
        ("/opt/python3 -m tools.convert {input} {output}", "tools.convert/probed@1.2", "probe of tools.convert 1.2"),
        ("/home/me/bin/convert --fast {input}", "convert/probed@1.2", "probe of convert 1.2"),
        ("imx93", "imx93-converter/probed@1.2", "probe of imx93 1.2"),
    ],
)
def test_a_command_without_a_target_is_called_by_its_program(
    tmp_path: Path, tool: str, target: str, source: str
) -> None:
    result = _check(tmp_path, replace(_ALL_TAKEN, tool=tool))
    assert str(result.target) == target
    assert result.placement.settings[0].origin.startswith(source)
    assert result.estimate is None


def test_a_screen_names_the_limit_and_the_file(tmp_path: Path) -> None:
    result = _check(tmp_path, _with(Limit("CONV_2D", "h*w*c", Relation.AT_MOST, 27648, 1)))
    text = check_screen(result, _MODEL, Page(width=100, color=False))
    assert "probed.limit: CONV_2D (3). Taken only if h*w*c <= 27,648." in " ".join(text.split())
    assert f"-t {tmp_path / 'limits.toml'} -v" in text


def test_a_fit_is_scored_by_the_rules(tmp_path: Path) -> None:
    types = tuple(replace(entry, is_taken=entry.operator != "PAD") for entry in _ALL_TAKEN.operators)
    file = tmp_path / "limits.toml"
    file.write_text(rule_text(replace(_ALL_TAKEN, operators=types)), "utf-8")
    options = npufit.FitOptions(passes=("fold-pad",), inputs=1, prove=False)
    fitted = npufit.fit("zoo:mobilenet_v2@32,int8-per-tensor,io=int8,alpha=0.35", file, options)
    assert (fitted.original.summary.cpu, fitted.result.summary.cpu) == (4, 0)
    assert fitted.result.name.endswith("limits.toml")


def test_a_sweep_finds_the_cliff_of_a_limit(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(rule_text(_with(Limit("CONV_2D", "w*c", Relation.AT_MOST, 1344, 1))), "utf-8")
    options = npufit.SweepOptions(sizes="96,113", use_cache=False, workers=1)
    swept = npufit.sweep("zoo:mobilenet_v2,int8,alpha=0.35", file, options).result()
    assert [(cliff.before.size, cliff.after.size) for cliff in swept.cliffs] == [((112, 112), (113, 113))]


_GOOD = rule_text(_with(Limit("ADD", "h", Relation.AT_LEAST, 12, 1)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("probe_form = 1\n[", "not TOML"),
        (_GOOD.replace("probe_form = 1", "probe_form = 2"), "newer form"),
        (_GOOD.replace('quantity = "h"', 'quantity = "height"'), "there is no quantity 'height'"),
        (_GOOD.replace("limit = 12", ""), "takes a limit"),
        (_GOOD.replace("limit = 12", "limit = -99999999999999999999"), "limits.limit is too large"),
        (_GOOD.replace("limit = 12", "limit = 2026-11-22"), "no text, whole number"),
        (_GOOD.replace("limit = 12", "limit = 12\nlimt = 3"), "limits.0.limt: Unexpected keyword argument"),
        (_GOOD.replace('relation = ">="', 'relation = "<"'), "limits.0.relation"),
        (_GOOD.replace('target = ""', 'target = "imx93/vla"'), "imx93/vela"),
        (_GOOD.replace('tool = "converter"', f'tool = "{"x" * 501}"'), "501 letters"),
        (f"probe_form = 1\nx = {'[' * 5000}{']' * 5000}", "not TOML"),
        ("probe_form = 1\nlimits = 3", "limits"),
        ("probe_form = 1\nlimits = [3]", "limits"),
    ],
)
def test_a_wrong_file_is_an_error_that_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError) as raised:
        npufit.check(_MODEL, file)
    assert said in str(raised.value)
