"""Logs of other delegates and tools: no stack takes their lines for its own, and none trips over odd ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import npufit
from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks import LogReport, load_stack

_LOGS = sorted((Path(__file__).parents[1] / "cost" / "measured" / "benchmark_logs").glob("*.txt"))
_STACKS = {"teflon": ("teflon",), "vela": ("ethosu",), "neutron": ("neutron",), "vx": ("vx", "tf_pr55383")}
"""Each stack, and how the names of its logs begin; the last one is a VX delegate whose library was not found."""


@pytest.fixture(scope="module")
def model() -> Model:
    return npufit.load("zoo:mobilenet_v1@32,uint8,alpha=0.25")


def _read(stack: str, text: str, model: Model) -> LogReport | None:
    try:
        return load_stack(stack).read_log(text, model)
    except InputError as error:  # it is of this stack, and of another model
        return LogReport(str(error))


@pytest.mark.parametrize("stack", _STACKS)
def test_no_stack_reads_the_log_of_another_delegate(stack: str, model: Model) -> None:
    for path in _LOGS:
        report = _read(stack, path.read_text(encoding="utf-8"), model)
        if not path.name.startswith(_STACKS[stack]):
            counts = None if report is None else (report.npu_operators, report.units)
            assert counts in (None, (None, {})), path.name


def test_a_delegate_is_known_by_its_name_in_either_form(model: Model) -> None:
    """XNNPACK's line has the same shape, and may stand behind or before that of the NPU."""
    xnnpack = "TfLiteXNNPackDelegate delegate: 20 nodes delegated out of 31 nodes with 3 partitions.\n"
    for stack, name in (("vela", "EthosuDelegate"), ("neutron", "NeutronDelegate")):
        for word in (" delegate", ""):
            own = f"INFO: {name}{word}: 2 nodes delegated out of 9 nodes with 2 partitions.\n"
            for text in (own + xnnpack, xnnpack + own):
                report = _read(stack, text, model)
                assert report is not None
                assert (report.npu_operators, report.total_operators, report.partitions) == (2, 9, 2)
        assert _read(stack, xnnpack, model) is None


@pytest.mark.parametrize("stack", _STACKS)
def test_numbers_without_end_are_no_bug(stack: str, model: Model) -> None:
    for path in _LOGS:
        text = path.read_text(encoding="utf-8")
        for number in ("9" * 5000, "-1", "٣", "1e999"):
            _read(stack, re.sub(r"\d+", number, text)[: 1 << 20], model)
