"""The search finds hidden rules exactly, tells them apart, and finds nothing else."""

from __future__ import annotations

import pytest

from npufit.probing.asking import End
from npufit.stacks.probed import Beyond
from probing.searching.hidden_rules import Rule, find, said

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
