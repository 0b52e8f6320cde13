"""Versions, targets and the rules as pages."""

from __future__ import annotations

import pytest

from npufit.chips import chips_of
from npufit.errors import InputError
from npufit.stacks.neutron import STACK
from npufit.stacks.rule import Evidence, RemedyKind, RuleKind
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target
from stacks.neutron.on_neutron import zoo


@pytest.mark.parametrize(
    ("spelling", "version"),
    [
        ("1.16", "1.16"),
        ("1.16.0", "1.16"),
        ("v1.17.0", "1.17"),
        ("2.0.2+0X0cebb80a", "1.17"),
        ("SDK_25_09", "25.09"),
        ("SDK_25_12", "2.2"),
        ("MCU_SDK_25.03.00", "1.15"),
        ("2.2.3", "2.2"),
        ("3.1.3", "3.1"),
        ("3.2", "3.2"),
        ("1.10.0", None),
        ("4.0", None),
        ("3", None),
        ("", None),
        ("٣.١", None),
        ("3.1.3; rm", None),
    ],
)
def test_a_version_stands_with_its_release(spelling: str, version: str | None) -> None:
    assert STACK.resolve_version(spelling) == version


def test_only_imx95_is_known() -> None:
    assert chips_of("neutron") == ("imx95",)
    info = STACK.describe("imx95")
    assert (info.chip, info.default_version, info.versions[0]) == ("imx95", "3.2", "1.15")
    assert all(STACK.resolve_version(version) == version for version in info.versions)


@pytest.mark.parametrize("target", [Target("imx93", "neutron", "1.16"), Target("imx95", "neutron", "0.9")])
def test_an_unknown_target_is_an_input_error_that_names_the_known_ones(target: Target) -> None:
    with pytest.raises(InputError, match=r"imx95/neutron@1\.16"):
        STACK.place(zoo("mobilenet_v2@96,int8"), target, PlaceOptions())


def test_every_rule_is_a_complete_page() -> None:
    rules = STACK.rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.id.startswith("neutron.")
        assert all((rule.statement, rule.limit, rule.why, rule.example, rule.versions, rule.source))
        assert rule.statement.endswith(".")
        assert rule.remedies


def test_what_nobody_knows_has_an_experiment_and_no_limit() -> None:
    for rule in STACK.rules():
        if rule.kind is RuleKind.UNKNOWN:
            assert any(remedy.kind is RemedyKind.EXPERIMENT for remedy in rule.remedies), rule.id
            assert "not published" in rule.limit or rule.id == "neutron.not-traced"
            assert rule.evidence is Evidence.INFERRED
