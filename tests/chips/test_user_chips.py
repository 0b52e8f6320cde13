"""A chip is one file: made-up chips in a folder of the user's, on every stack that can place them here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import npufit
from npufit.chips import chip_names, chips_of, load_chip
from npufit.cli import main
from npufit.errors import InputError
from npufit.stacks import Unit, all_targets, resolve_target

HEAD = """
title = "A made-up chip"
[[cpu]]
kind = { value = "Cortex-A35", source = "a device tree" }
cores = { value = 2, unit = "cores", source = "a device tree" }
[npu]
name = { value = "An NPU", source = "a data sheet" }
"""
TEFLON = '[stacks.teflon]\ndriver = {{ value = "{driver}", source = "a device tree" }}\n'
VELA = """
[stacks.vela]
accelerator = { value = "ethos-u65-512", source = "a data sheet" }
system-config = { value = "Ethos_U65_High_End", source = "a data sheet" }
memory-mode = { value = "Dedicated_Sram", source = "a data sheet" }
"""
NEUTRON = '[stacks.neutron]\nconverter-target = { value = "mx42", source = "a data sheet" }\n'
VX = '[stacks.vx]\ndelegate = { value = "libvx_delegate", source = "a BSP of its maker" }\n'

Folder = Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("NPUFIT_CHIPS", str(tmp_path))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Return the exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["npufit", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def write(folder: Folder, name: str, *parts: str) -> None:
    """Write a chip file, the one file that a new chip needs."""
    (folder / f"{name}.toml").write_text("".join((HEAD, *parts)))


@pytest.mark.parametrize("driver", ["ethosu", "etnaviv", "rocket"])
def test_a_chip_with_a_mesa_driver_is_one_file(folder: Folder, driver: str) -> None:
    """What its driver takes is what the driver of the packaged chip takes."""
    write(folder, "mx42", TEFLON.format(driver=driver))
    twin = {"ethosu": "imx93", "etnaviv": "imx8mp", "rocket": "rk3588"}[driver]
    assert "mx42" in chips_of("teflon")
    model = npufit.load("zoo:mobilenet_v1@32,uint8")
    ours, theirs = (npufit.check(model, f"{chip}/teflon@26.1").placement for chip in ("mx42", twin))
    assert [operator.unit for operator in ours.operators] == [operator.unit for operator in theirs.operators]
    assert any(operator.unit is Unit.NPU for operator in ours.operators)
    assert str(ours.target) == "mx42/teflon@26.1"


def test_a_chip_with_an_ethos_u_is_one_file_for_vela(folder: Folder) -> None:
    write(folder, "mx42", VELA)
    result = npufit.check("zoo:mobilenet_v1@32,uint8", "mx42/vela")
    settings = {setting.name: setting.value for setting in result.placement.settings}
    assert settings["accelerator"] == "ethos-u65-512"
    assert any(operator.unit is Unit.NPU for operator in result.placement.operators)


def test_a_chip_may_run_several_stacks(folder: Folder) -> None:
    write(folder, "mx42", TEFLON.format(driver="ethosu"), VELA, NEUTRON, VX)
    ours = [f"{info.chip}/{info.stack}" for info in all_targets() if info.chip == "mx42"]
    assert ours == ["mx42/teflon", "mx42/vela", "mx42/neutron", "mx42/vx"]
    assert resolve_target("mx42/vx@lf-6.1.36").version == "lf-6.1.36"


def test_the_command_line_knows_the_chip_and_predicts_no_time(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "mx42", TEFLON.format(driver="etnaviv"))
    assert run(monkeypatch, "targets") == 0
    assert "mx42/teflon" in capsys.readouterr().out
    assert run(monkeypatch, "check", "zoo:mobilenet_v1@32,uint8", "-t", "mx42/teflon@26.1") == 0
    assert "on the NPU" in capsys.readouterr().out
    assert npufit.check("zoo:mobilenet_v1@32,uint8", "mx42/teflon@26.1").estimate is None


def test_the_chips_of_npufit_stay_as_they_are(folder: Folder) -> None:
    write(folder, "aa", VELA)
    write(folder, "broken", "[[[")
    assert chip_names()[-2:] == ("aa", "broken")
    assert load_chip("imx93").title == "NXP i.MX 93"
    assert str(resolve_target("imx93/teflon@26.1")) == "imx93/teflon@26.1"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("mx42", HEAD + TEFLON.format(driver="hexagon"), "no rules of a Mesa driver 'hexagon'. Known: ethosu, etnaviv"),
        ("mx42", HEAD + TEFLON.format(driver="ethosu").replace("driver", "driven"), "needs a driver"),
        ("mx42", HEAD + VELA.replace("ethos-u65-512", "ethos-u65-511"), "Did you mean 'ethos-u65-512'?"),
        ("mx42", HEAD + VELA.replace("memory-mode", "memory"), "[stacks.vela] lacks memory-mode"),
        ("mx42", HEAD + NEUTRON.replace("converter-target", "target"), "needs a converter-target"),
        ("mx42", HEAD + VELA.replace("stacks.vela", "stacks.vella"), "there is no stack 'vella'. Did you mean vela?"),
        ("mx42", HEAD.replace("title", "titel"), "title: Field required; titel: Extra inputs are not permitted"),
        ("mx42", "title = " + "[" * 20_000, "not TOML"),
        ("mx42", "title = " + "9" * 20_000, "not TOML"),
        ("mx42", "x = 1\n" + "".join(f"a{index} = 1\n" for index in range(2_000)), "more."),
        ("mx42", "#" * (65 << 10), "is larger than 64 kB"),
        ("imx93", HEAD + VELA, "npufit has a chip of this name"),
        ("A b", HEAD + VELA, "not a name for a chip"),
    ],
)
def test_what_is_wrong_with_a_file_is_an_error_about_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, name: str, text: str, complaint: str
) -> None:
    (folder / f"{name}.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        all_targets()
    assert name in str(caught.value)
    assert complaint in str(caught.value)
    assert len(str(caught.value)) < 2000
    assert run(monkeypatch, "targets") == 2


def test_bytes_that_are_no_text_are_an_error(folder: Folder) -> None:
    (folder / "mx42.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"mx42\.toml: the chip file is not UTF-8 text"):
        load_chip("mx42")


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPUFIT_CHIPS", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"NPUFIT_CHIPS: .*nowhere cannot be read: No such file"):
        all_targets()


def test_a_folder_of_very_many_files_is_an_error(folder: Folder) -> None:
    for index in range(65):
        (folder / f"c{index}.toml").touch()
    with pytest.raises(InputError, match="has 65 chip files; at most 64 are read"):
        chip_names()


def test_an_unknown_target_suggests_chips_of_the_user(folder: Folder) -> None:
    write(folder, "mx42", VELA)
    with pytest.raises(InputError, match="Did you mean mx42/vela"):
        resolve_target("mx43/vela")
