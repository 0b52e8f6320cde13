"""The note on streams that need more SRAM than Linux's own driver has."""

from __future__ import annotations

import pytest

import npufit
from networks.chains import chain
from npufit.chips import load_chip
from npufit.ethosu.kernel import IMX93_SRAM_BYTES
from npufit.running import RunOptions, run
from npufit.stacks.placement import Placement
from npufit.stacks.vela.linux_sram import describe_sram_use
from npufit.tflite import read_model
from real_files import find_model
from stacks.vela.on_vela import place


def _notes(placement: Placement) -> list[str]:
    return [note.text for note in placement.notes if "bytes of SRAM" in note.text]


def test_the_chip_profile_and_the_judge_of_streams_agree() -> None:
    fact = load_chip("imx93").stack_settings("teflon")["sram"]
    assert (fact.value, fact.unit) == (IMX93_SRAM_BYTES >> 10, "KiB")


def test_what_fits_needs_no_note() -> None:
    assert describe_sram_use(IMX93_SRAM_BYTES, "imx93") is None
    assert str(IMX93_SRAM_BYTES + 16) in (describe_sram_use(IMX93_SRAM_BYTES + 16, "imx93") or "")


def test_a_stream_that_needs_more_is_noted_as_by_run() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    placement = place(model)
    (note,) = _notes(placement)
    (said,) = run(model, placement.target, RunOptions(repeat=0)).notes
    assert note.endswith(said.removesuffix("."))


@pytest.mark.parametrize("settings", [(("arena-cache-size", "98304"),), (("memory-mode", "Sram_Only"),)])
def test_settings_for_the_driver_and_other_memory_modes_are_not_noted(settings: tuple[tuple[str, str], ...]) -> None:
    assert _notes(place(npufit.load("zoo:mobilenet_v2@96,int8"), settings)) == []


def test_a_small_model_is_not_noted() -> None:
    assert _notes(place(chain("RELU", "SOFTMAX"))) == []


def test_a_file_that_was_compiled_before_is_looked_at() -> None:
    assert _notes(place(read_model(find_model("person_detect_vela.tflite")))) == []
