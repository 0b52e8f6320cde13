"""Older releases for real: installed by npufit itself, run on real models, their streams executed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from npufit.errors import ToolError
from npufit.loading import load
from npufit.running import RunOptions, run
from npufit.stacks import Placement, PlaceOptions, Unit, load_stack, resolve_target
from npufit.stacks.vela import STACK
from npufit.stacks.vela.installing import install, wish_for
from real_files import find_model

pytestmark = pytest.mark.slow

CPU_OPERATORS = {
    "kws_ref_model.tflite": {"3.8": 1, "3.12": 0, "5.2": 0},
    "person_detect.tflite": {"3.8": 0, "3.12": 0, "5.2": 0},
    "keras_inception_v1_224_int8_per_channel_io_int8.tflite": {"3.8": 4, "3.12": 3, "5.2": 0},
    "keras_transformer_encoder_int8.tflite": {"3.8": 48},
}
"""Operators that each release leaves on the CPU, as an independent run of it printed."""

PRINTED = {"fastestdet_shufflenetv2.tflite": {"3.8": (71, 91), "3.12": (78, 78)}}
"""What a release prints as CPU operators, and how many operators of the model its file has."""


@pytest.fixture(scope="module", autouse=True)
def toolchains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install 3.8 and 3.12; skips where there is no fitting Python, or nothing that pip can reach."""

    def ignore(stage: StrEnum, done: int, total: int) -> None:
        """Take no note of the progress."""

    base = tmp_path_factory.getbasetemp()
    # Workers of one run share the installations; the lock of the installer keeps them apart.
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "toolchains"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUFIT_CACHE_DIR", str(home))
        for release in ("3.8", "3.12"):
            try:
                install(wish_for(f"vela@{release}", None, None, None), ignore)
            except ToolError as error:
                if "no Python" in str(error) or "pip could not install" in str(error):
                    pytest.skip(f"Vela {release} cannot be installed here: {error}")
                raise
        yield


def place(path: Path, version: str) -> Placement:
    return STACK.place(load(path), resolve_target(f"imx93/vela@{version}"), PlaceOptions())


def test_linux_refuses_a_max_pooling_of_an_older_release_and_takes_that_of_the_newest() -> None:
    """Found by trying: 3.12 writes a max pooling without a scale, and the driver asks where the scales are."""
    options = PlaceOptions(settings=(("vela", "3.12"),))
    model = load(find_model("single_ops/test_softmax_int8.tflite"))
    placed = load_stack("direct").place(model, resolve_target("imx93/direct@7.3"), options)
    assert [(hazard.rule.id, hazard.found) for hazard in placed.hazards] == [
        ("direct.state", "SCALE_REGION, SCALE_BASE, SCALE_LENGTH never set")
    ]
    assert placed.notes[0].text == "Linux 7.3 accepts what Vela compiles with --set vela=5.2"


@pytest.mark.parametrize("name", CPU_OPERATORS)
def test_each_release_leaves_what_it_left_elsewhere(name: str) -> None:
    for version, expected in CPU_OPERATORS[name].items():
        placement = place(find_model(name), version)
        left = [operator for operator in placement.operators if operator.unit is Unit.CPU]
        assert len(left) == expected, version
        assert placement.differences == ()
        for operator in left:
            assert operator.finding is not None
            assert operator.finding.rule.id != "vela.unexplained"
        setting = placement.settings[-1]
        assert (setting.name, setting.value) == ("vela", f"{version}.0")


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_is_told_where_the_file_has_more(name: str) -> None:
    for version, (printed, in_file) in PRINTED[name].items():
        placement = place(find_model(name), version)
        assert sum(operator.unit is Unit.CPU for operator in placement.operators) == in_file
        told = [note.text for note in placement.notes if f"CPU operators = {printed};" in note.text]
        assert len(told) == (printed != in_file)


def test_the_passes_add_up_to_what_the_release_prints() -> None:
    model = load(find_model("person_detect.tflite"))
    estimate = STACK.compile(model, resolve_target("imx93/vela@3.12"), PlaceOptions()).estimate
    total = sum(entry.total_cycles for entry in estimate.passes)
    assert total == pytest.approx(estimate.total_cycles, abs=len(estimate.passes))
    computing = {place for place, operator in model.operators() if operator.type != "RESHAPE"}
    assert {entry.operator for entry in estimate.passes} == computing


def test_3_8_takes_a_feature_map_in_sram_for_one_in_dram_and_its_passes_do_not() -> None:
    model = load(find_model("person_detect.tflite"))
    older = STACK.compile(model, resolve_target("imx93/vela@3.8"), PlaceOptions()).estimate
    newer = STACK.compile(model, resolve_target("imx93/vela@3.12"), PlaceOptions()).estimate
    assert older.total_cycles > 1.05 * newer.total_cycles
    for name in ("dram_read_bytes", "dram_write_bytes", "npu_cycles"):
        assert sum(getattr(entry, name) for entry in older.passes) == pytest.approx(
            sum(getattr(entry, name) for entry in newer.passes), rel=0.02
        )


def test_a_bsp_runs_the_release_of_its_number_and_says_so() -> None:
    placement = place(find_model("person_detect.tflite"), "lf-6.1.36")
    assert str(placement.target) == "imx93/vela@lf-6.1.36"
    assert placement.settings[-1].value == "3.8.0"
    assert any(
        "ships NXP's fork of Vela 3.8; this file was compiled with the upstream" in note.text
        for note in placement.notes
    )


@pytest.mark.parametrize("version", ["3.8", "3.12"])
def test_its_streams_compute_what_the_kernels_do(version: str) -> None:
    model = load(find_model("person_detect.tflite"))
    options = RunOptions(compare=True, repeat=0)
    result = run(model, resolve_target(f"imx93/vela@{version}"), options)
    assert result.comparison is not None
    assert result.comparison.is_equal
    assert len(result.comparison.tensors) > 20
