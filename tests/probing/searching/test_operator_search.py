"""The search finds hidden rules exactly, tells them apart, and finds nothing else."""

from __future__ import annotations

from zlib import crc32

import pytest

from npufit.probing.asking import End
from npufit.stacks.probed import Beyond
from probing.searching.hidden_rules import Quantities, Rule, find, misjudged, said

RULES: dict[str, tuple[Rule, set[tuple[object, ...]]]] = {
    "an area": (lambda value: value("h*w") <= 100_000, {("h*w", "<=", 100_000, ())}),
    "a byte limit": (lambda value: value("tensor_bytes") <= 1 << 20, {("tensor_bytes", "<=", 1 << 20, ())}),
    "a line, and a type": (
        lambda value: value("w*c") <= 40_000 and value("dtype") != "float32",
        {("w*c", "<=", 40_000, ()), ("dtype", "one-of", ("float32",), ())},
    ),
    "multiples": (lambda value: value("c") % 16 == 0, {("c", "multiple-of", 16, ())}),
    "a condition": (
        lambda value: value("stride_h") <= 3 or value("padding") == "VALID",
        {("stride_h", "<=", 3, (("padding", "one-of", ("SAME",)),))},
    ),
    "a kernel": (
        lambda value: value("kh") <= 64 and value("kh*kw") <= 4096,
        {("kh", "<=", 64, ()), ("kh*kw", "<=", 4096, ())},
    ),
}


_QUICK = {"a line, and a type", "multiples", "a condition"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in _QUICK else pytest.mark.slow) for name in RULES]
)
def test_a_hidden_rule_is_found_exactly_and_nothing_else(name: str) -> None:
    rule, expected = RULES[name]
    findings = find("CONV_2D", rule)
    assert {said(limit) for limit in findings.limits} == expected
    assert not findings.unexplained


def test_a_crash_at_one_size_is_told_from_a_limit() -> None:
    findings = find("CONV_2D", lambda value: End.CRASH if value("w") == 320 else value("w") <= 5000)
    assert {said(limit) for limit in findings.limits} == {("w", "<=", 5000, ())}
    (crash,) = findings.crashes
    assert crash.beyond is Beyond.CRASH
    assert dict(crash.values)["w"] == 320


def _is_mean_taken(value: Quantities) -> bool:
    """Return what a converter takes that needs one small size to reduce channels."""
    return "c" not in (value("axes") or "").split(",") or 1 in (value("h"), value("w"), value("c"))


def _is_enlarging_taken(value: Quantities) -> bool:
    """Return what a converter takes that enlarges both sides alike, or a line along itself."""
    strides = value("stride_h"), value("stride_w")
    along_w = strides == (1, 2) and value("h") == value("kh") == 1
    along_h = strides == (2, 1) and value("w") == value("kw") == 1
    return strides in ((1, 1), (2, 2)) or along_w or along_h


@pytest.mark.parametrize(("operator", "rule"), [("MEAN", _is_mean_taken), ("TRANSPOSE_CONV", _is_enlarging_taken)])
def test_what_is_taken_in_small_alone_is_found(operator: str, rule: Rule) -> None:
    findings = find(operator, rule)
    assert findings.is_complete
    assert not misjudged(findings, rule)


def test_what_is_refused_never_comes_to_where_it_would_fail() -> None:
    def rule(value: Quantities) -> bool | End:
        if value("dtype") in ("float32", "int32") or (value("reduced_axis") or 0) > 4096:
            return False
        return End.ERROR if value("c") > 50_000 else True

    findings = find("MEAN", rule)
    assert {said(limit) for limit in findings.limits} == {
        ("dtype", "one-of", ("float32", "int32"), ()),
        ("reduced_axis", "<=", 4096, ()),
        ("c", "<=", 50_000, ()),
    }


def test_failures_without_a_pattern_are_no_limits() -> None:
    def rule(value: Quantities) -> bool | End:
        noise = crc32(repr([value(name) for name in ("h", "w", "c", "batch", "dtype")]).encode())
        return End.ERROR if value("h*w*c") > 8192 and noise % 3 == 0 else True

    findings = find("MEAN", rule)
    assert all(limit.beyond is not Beyond.ERROR or not limit.when for limit in findings.limits)
    assert any("no pattern" in sentence for sentence in findings.unexplained)
    assert findings.is_complete


def test_a_tool_that_is_slow_with_large_models_is_seldom_asked_about_them() -> None:
    def rule(value: Quantities) -> bool | End:
        return End.TIMEOUT if value("h*w*c") > 1_000_000 else value("dtype") != "int16"

    findings = find("MEAN", rule)
    late = [asked for asked in findings.asked if asked.answer.end is End.TIMEOUT]
    assert 0 < len(late) < len(findings.asked) / 20
    assert {said(limit) for limit in findings.limits} == {("dtype", "one-of", ("int16",), ())}
    assert any(crash.beyond is Beyond.TIMEOUT for crash in findings.crashes)
