"""Settings: where they come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from networks.chains import chain
from npufit.chips import load_chip
from npufit.errors import InputError
from npufit.stacks.vela.settings import resolve_settings
from stacks.vela.on_vela import place

CONFIG = """
[System_Config.Mine]
core_clock=1e9
axi0_port=Sram
axi1_port=Dram
Sram_clock_scale=1.0
Dram_clock_scale=0.5
[Memory_Mode.Small]
const_mem_area=Axi1
arena_mem_area=Axi1
cache_mem_area=Axi0
arena_cache_size=65536
"""


def test_the_settings_are_shown_with_their_origin() -> None:
    shown = {setting.name: setting for setting in place(chain("RELU")).settings}
    assert shown["accelerator"].value == "ethos-u65-256"
    assert shown["system-config"].value == "Ethos_U65_High_End"
    assert shown["memory-mode"].value == "Dedicated_Sram_384KB"
    assert shown["memory-mode"].origin.startswith("chip profile: nxp-imx/ethos-u-vela@")
    assert shown["config"].origin == "Vela's default"
    assert shown["vela"].value.startswith("5.2.")


def test_options_win_over_the_chip_profile() -> None:
    placement = place(chain("RELU", "SOFTMAX"), settings=(("memory-mode", "Dedicated_Sram_256KB"),))
    shown = {setting.name: setting for setting in placement.settings}
    assert (shown["memory-mode"].value, shown["memory-mode"].origin) == ("Dedicated_Sram_256KB", "option")
    limits = {use.memory: use.limit_bytes for use in placement.memory}
    assert limits["SRAM"] == 256 * 1024


def test_the_arena_can_be_set() -> None:
    placement = place(chain("RELU", "SOFTMAX"), settings=(("arena-cache-size", "98304"),))
    assert {use.limit_bytes for use in placement.memory if use.memory == "SRAM"} == {98304}
    assert ("arena-cache-size", "98304 bytes", "option") in {
        (setting.name, setting.value, setting.origin) for setting in placement.settings
    }


def test_a_memory_mode_without_a_limit_has_none() -> None:
    placement = place(chain("RELU", "SOFTMAX"), settings=(("memory-mode", "Dedicated_Sram"),))
    assert {use.limit_bytes for use in placement.memory} == {None}


def test_another_accelerator_is_compiled_for_and_told() -> None:
    placement = place(chain("RELU"), settings=(("accelerator", "ethos-u65-512"),))
    assert [note.text for note in placement.notes] == [
        "Compiled for ethos-u65-512 as requested; imx93 has ethos-u65-256"
    ]


def test_a_configuration_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.ini"
    path.write_text(CONFIG)
    settings = (("config", str(path)), ("system-config", "Mine"), ("memory-mode", "Small"))
    placement = place(chain("RELU", "SOFTMAX"), settings=settings)
    assert {use.limit_bytes for use in placement.memory if use.memory == "SRAM"} == {65536}
    before = resolve_settings(load_chip("imx93"), settings)
    path.write_text(CONFIG.replace("65536", "32768"))
    after = resolve_settings(load_chip("imx93"), settings)
    assert before.config_digest != after.config_digest


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ((("acelerator", "x"),), "Unknown setting 'acelerator' for Vela. Did you mean 'accelerator'? Available: "),
        ((("accelerator", "ethos-u65-128"),), "Vela has no accelerator 'ethos-u65-128'. Did you mean 'ethos-u"),
        (
            (("system-config", "Ethos_U65_HighEnd"),),
            "Vela has no system-config 'Ethos_U65_HighEnd' in vela.ini. Did you mean 'Ethos_U65_High_End'? Available: ",
        ),
        ((("memory-mode", "Dedicated"),), "in vela.ini."),
        ((("memory-mode", "Dedicated"),), "Sram_Only, Shared_Sram, Dedicated_Sram"),
        ((("optimise", "Speed"),), "Available: Performance, Size."),
        ((("arena-cache-size", "384K"),), "'384K' is not a positive number of bytes"),
        ((("arena-cache-size", "0"),), "'0' is not a positive number of bytes"),
        ((("config", "no/such/file.ini"),), "cannot be read as Vela's configuration"),
        ((("config", "vela.toml"),), "that end in .ini"),
    ],
)
def test_what_is_refused(settings: tuple[tuple[str, str], ...], complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_settings(load_chip("imx93"), settings)
    assert complaint in str(caught.value)


def test_a_broken_configuration_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.ini"
    path.write_text("core_clock=1\n")
    with pytest.raises(InputError, match="not a configuration file for Vela"):
        resolve_settings(load_chip("imx93"), (("config", str(path)),))


def test_settings_that_vela_refuses_are_the_users_error() -> None:
    settings = (("system-config", "Ethos_U55_High_End_Embedded"), ("memory-mode", "Dedicated_Sram"))
    with pytest.raises(InputError, match=r"chain: Vela refuses the settings: .*arena_mem_area"):
        place(chain("RELU"), settings=settings)
