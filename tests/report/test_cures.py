"""The commands that a check suggests exist, and are written against rules that exist."""

from __future__ import annotations

from npufit.report.cures import fit_options, passes_against
from npufit.rewrite import Exactness, load_pass, pass_names
from npufit.stacks import all_rules


def test_suggested_passes_exist_and_say_whether_they_are_exact() -> None:
    suggested = {name for rule in all_rules() for name in passes_against(rule.id)}
    assert {"fold-pad", "break-escape", "per-tensor"} <= suggested <= set(pass_names())
    for rule in all_rules():
        for name, options in zip(passes_against(rule.id), fit_options(rule.id), strict=True):
            approximate = load_pass(name).exactness is Exactness.APPROXIMATE
            assert options.endswith(f"--only {name}")
            assert ("--allow-approximate" in options) is approximate


def test_a_rule_that_nothing_is_written_against_suggests_nothing() -> None:
    assert passes_against("teflon.unmapped") == ()
    assert passes_against("no such rule") == ()
