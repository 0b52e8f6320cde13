"""Chip files: what they must say, and what is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from npufit.chips import Chip, Fact, catalogue, chip_names, load_chip, parse_chip
from npufit.chips.catalogue import packaged_document
from npufit.cost.npu import load_npu_model, teflon_ethosu
from npufit.cost.packaged_coefficients import read_coefficients
from npufit.errors import InputError
from npufit.ethosu.kernel import IMX93_SRAM_BYTES

SOUND = """
title = "A chip"
[[cpu]]
kind = { value = "Cortex-A55", source = "a device tree" }
cores = { value = 2, unit = "cores", source = "a device tree" }
[npu]
name = { value = "An NPU", source = "a data sheet" }
"""


def facts(chip: Chip) -> list[Fact]:
    """Return every fact of a chip."""
    npu = chip.npu
    clusters = [fact for cluster in chip.cpu for fact in (cluster.kind, cluster.cores, cluster.clock)]
    settings = [fact for stack in chip.stacks.values() for fact in stack.values()]
    optional = [npu.name, npu.cores, npu.macs_per_cycle, npu.clock, npu.peak, *clusters]
    return [fact for fact in optional if fact] + [memory.size for memory in chip.memories] + settings


@pytest.mark.parametrize("name", chip_names())
def test_every_packaged_chip_is_sound(name: str) -> None:
    chip = load_chip(name)
    assert chip.name == name
    assert chip.title
    assert chip.cpu
    for fact in facts(chip):
        assert (fact.unit is None) == isinstance(fact.value, str | bool)
        assert not re.match(r"(?i)(guess|unknown|todo|facts/)", fact.source)


def test_the_four_chips_are_there() -> None:
    assert set(chip_names()) >= {"imx8mp", "imx93", "imx95", "rk3588"}


@pytest.mark.parametrize(
    ("chip", "stack", "setting", "value"),
    [
        ("imx93", "teflon", "driver", "ethosu"),
        ("imx93", "teflon", "sram", "96 KiB"),
        ("imx8mp", "teflon", "driver", "etnaviv"),
        ("rk3588", "teflon", "driver", "rocket"),
        ("imx93", "vela", "accelerator", "ethos-u65-256"),
        ("imx93", "vela", "system-config", "Ethos_U65_High_End"),
        ("imx93", "vela", "memory-mode", "Dedicated_Sram_384KB"),
    ],
)
def test_stack_settings(chip: str, stack: str, setting: str, value: str) -> None:
    assert str(load_chip(chip).stack_settings(stack)[setting]) == value


def test_a_stack_without_settings_has_none() -> None:
    assert load_chip("imx95").stack_settings("teflon") == {}


def test_unknown_chip_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"Unknown chip 'imx-93'\. Did you mean 'imx93'\? Known chips: imx8mp, "):
        load_chip("imx-93")


def test_a_chip_is_read_once() -> None:
    assert load_chip("imx93") is load_chip("imx93")


def test_sound_text_is_read() -> None:
    chip = parse_chip("mine", SOUND)
    assert (chip.title, str(chip.cpu[0].cores), chip.cpu[0].clock) == ("A chip", "2 cores", None)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('title = "A chip"', ""), "title: Field required"),
        (("cores = { value = 2, unit", "cores = { value = 2, note"), "note: Extra inputs are not permitted"),
        (('unit = "cores", ', ""), "cpu.0.cores: Value error, a number needs a unit"),
        (('value = "An NPU",', 'value = "An NPU", unit = "MHz",'), "npu.name: Value error, only a number has a unit"),
        ((', source = "a data sheet"', ""), "npu.name.source: Field required"),
        (('source = "a data sheet"', 'source = "x"'), "npu.name.source: String should have at least 8 characters"),
        (("[npu]", "[tpu]"), "tpu: Extra inputs are not permitted"),
        (("[npu]", "[npu"), "not TOML"),
    ],
)
def test_what_is_refused(change: tuple[str, str], complaint: str) -> None:
    text = SOUND.replace(*change)
    assert text != SOUND
    with pytest.raises(InputError) as caught:
        parse_chip("mine", text)
    assert "Chip file 'mine'" in str(caught.value)
    assert complaint in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    text = SOUND.replace('title = "A chip"', "").replace('unit = "cores", ', "")
    with pytest.raises(InputError, match=r"title: Field required.*a number needs a unit"):
        parse_chip("mine", text)


def test_packaged_chips_are_what_their_files_say() -> None:
    """NPUFIT_UPDATE_GOLDEN=1 writes the packaged chips anew from their TOML files."""
    kept = Path(catalogue.__file__).with_name("packaged.json")
    document = packaged_document()
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        kept.write_text(document, "utf-8")
    assert kept.read_text("utf-8") == document


def test_every_cost_model_that_a_chip_names_is_there() -> None:
    named = [(chip, stack) for chip in chip_names() for stack in load_chip(chip).stacks]
    models = {f"{chip}/{stack}" for chip, stack in named if load_npu_model(chip, stack) is not None}
    fitted = {name for name in read_coefficients()["models"] if not name.endswith("/cpu")}
    assert fitted <= models
    assert "rk3588/teflon" not in models


def test_the_sram_that_code_counts_on_is_that_of_imx93() -> None:
    sram = load_chip("imx93").stack_settings("teflon")["sram"]
    assert (sram.value, sram.value, sram.unit) == (IMX93_SRAM_BYTES >> 10, teflon_ethosu.SRAM_BYTES >> 10, "KiB")
