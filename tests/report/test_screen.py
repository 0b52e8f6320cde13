"""A check on one screen: at most 40 rows for every model and stack, and nothing is left out without a word."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

import npufit
from npufit.checking import CheckResult
from npufit.cli.main import npufit as group
from npufit.report.check.line_budget import Entry, Section, lay_out
from npufit.report.check.next_steps import next_steps
from npufit.report.check.screen import LINES, check_screen, targets_screen
from npufit.report.terminal_page import Page
from npufit.stacks import Unit, resolve_target
from real_files import REPOSITORY

_FILES = sorted(map(str, (REPOSITORY / "tests" / "models").rglob("*.tflite")))
_NETWORKS = (
    *("zoo:mobilenet_v2@96,int8", "zoo:mobilenet_v2@224,int8", "zoo:resnet50_v2@96,float32", "zoo:yolov8n@64"),
    *("zoo:ssd_mobilenet_v2@300,uint8", "zoo:mobilenet_v3_small@96", "zoo:deeplab_v3@65"),
)
_TARGETS = ("imx93/teflon@25.3", "imx8mp/teflon", "rk3588/teflon", "imx93/vela", "imx8mp/vx", "imx95/neutron")
_WIDTHS = (80, 100, 140)


@pytest.mark.parametrize("model", [*_FILES, *_NETWORKS], ids=lambda model: Path(model).stem)
def test_a_screen_has_at_most_forty_rows(model: str) -> None:
    try:
        network = npufit.load(model)
    except npufit.InputError:
        pytest.skip("a file that npufit refuses")
    for target in _TARGETS:
        try:
            result = npufit.check(network, target)
        except npufit.InputError:
            continue  # Vela refuses it
        for width in _WIDTHS:
            page = Page(width=width)
            lines = check_screen(result, model, page).splitlines()
            assert page.rows(lines) <= LINES, (target, width)
            too_long = [line for line in lines if len(line) > width and "npufit " not in line]
            assert not too_long, (target, width)


@pytest.mark.parametrize("target", _TARGETS)
def test_every_rule_is_named_or_counted(target: str) -> None:
    result = npufit.check("zoo:yolov8n@64", target)
    text = check_screen(result, "zoo:yolov8n@64", Page(width=100))
    rules = {hazard.rule.id for hazard in result.placement.hazards}
    rules |= {placed.finding.rule.id for placed in result.placement.operators if placed.finding}
    missing = [rule for rule in rules if f"  {rule}: " not in text]
    counted = re.findall(r"(?:…|,)(?: why for the last \d+ and)? (\d+)(?: more)? (?:reason|kind)s?", text)
    assert len(missing) == sum(map(int, counted))


def test_colour_changes_no_word() -> None:
    result = npufit.check("zoo:mobilenet_v2@96,int8", "imx93/teflon@25.3")
    colored = check_screen(result, "net.tflite", Page(color=True))
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == check_screen(result, "net.tflite", Page())


def test_an_entry_gives_way_before_a_more_important_one() -> None:
    entries = tuple(Entry(((f"  {name}: long", "    form"), (f"  {name}",))) for name in "abc")
    sections = [Section("Hazards", ("hazard", "hazards"), entries), Section("Notes", ("note", "notes"), entries[:1])]
    page = Page()
    assert lay_out(sections, 12, page)[-3:] == ["Notes", "  a: long", "    form"]
    assert lay_out(sections, 11, page)[-3:] == ["Notes", "  a", "  … why for the last 1: -v"]
    assert lay_out(sections, 5, page) == ["", "Hazards, 3 hazards: -v", "", "Notes, 1 note: -v"]
    for room in range(4, 13):
        assert len(lay_out(sections, room, page)) <= room


def test_what_to_type_next_can_be_typed() -> None:
    source = "it's a model.tflite"
    for target in _TARGETS:
        for line, _ in next_steps(npufit.check("zoo:mobilenet_v2@96,int8", target), source):
            program, name, *arguments = shlex.split(line)
            command = group.get_command(click.Context(group), name)
            assert program == "npufit"
            assert command is not None
            with command.make_context(name, list(arguments)) as context:
                assert (context.params.get("models") or (context.params["model"],)) == (source,)
                named = context.params.get("targets") or (context.params["target"],)
                assert all(resolve_target(entry) for entry in named)


def test_next_steps_name_what_helps() -> None:
    steps = dict(next_steps(npufit.check("zoo:mobilenet_v2@96,int8", "imx93/teflon@25.3"), "net.tflite"))
    assert "fold-pad" in steps["npufit fit net.tflite -t imx93/teflon@25.3"]
    assert any(line.startswith("npufit check net.tflite -t imx93/teflon@26") for line in steps)
    assert list(steps)[-1] == "npufit check net.tflite -t imx93/teflon@25.3 -v"


def test_several_targets_get_a_table_and_a_reason_each() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    results = [npufit.check(model, target) for target in _TARGETS]
    text = targets_screen(results, "net.tflite", Page(width=100))
    assert len(text.splitlines()) <= LINES
    for result in results:
        assert f"\n{result.name}: " in text
        assert _reason_of(result) in " ".join(text.split())


def _reason_of(result: CheckResult) -> str:
    count = len(result.on(Unit.CPU))
    return f"{count} on the CPU (" if count else "every operator runs on the NPU"
