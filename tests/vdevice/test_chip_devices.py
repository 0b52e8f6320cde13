"""From a chip to its device: what identifies it is data, and users' chips have devices too."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ethosu_client import Client
from recording import Recorder

from npufit.chips import load_chip
from npufit.errors import InputError, ToolError
from npufit.vdevice import chips_with_devices, virtual_device

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a virtual device needs Linux")

_OWN_CHIP = """
title = "A board with another SRAM"
[[cpu]]
kind = {{ value = "Arm Cortex-A55", source = "its data sheet" }}
cores = {{ value = 2, unit = "cores", source = "its data sheet" }}
[npu]
name = {{ value = "Arm Ethos-U65", source = "its data sheet" }}
[stacks.teflon]
driver = {{ value = "{driver}", source = "its data sheet" }}
sram = {{ value = {sram}, unit = "{unit}", source = "its data sheet" }}
[device]
node = {{ value = "/dev/accel/accel1", source = "its kernel's log" }}
id = {{ value = "{id}", source = "its kernel's log" }}
"""
_CONFIG = 'config = { value = "0x10000008", source = "its kernel\'s log" }\n'


def _own_chip(
    folder: Path,
    patch: pytest.MonkeyPatch,
    *,
    driver: str = "ethosu",
    sram: str = "384",
    unit: str = "KiB",
    number: str = "0x10064001",
    config: str = _CONFIG,
) -> None:
    text = _OWN_CHIP.format(driver=driver, sram=sram, unit=unit, id=number) + config
    (folder / "own.toml").write_text(text)
    patch.setenv("NPUFIT_CHIPS", str(folder))


@pytest.mark.parametrize(
    ("chip", "driver", "node", "version"),
    [
        ("imx93", "ethosu", "/dev/accel/accel0", (1, 0, 0)),
        ("rk3588", "rocket", "/dev/accel/accel0", (0, 0, 0)),
        ("imx8mp", "etnaviv", "/dev/dri/renderD128", (1, 4, 0)),
    ],
)
def test_each_chip_has_the_device_of_its_driver(
    chip: str, driver: str, node: str, version: tuple[int, int, int]
) -> None:
    assert chip in chips_with_devices()
    device = virtual_device(chip, Recorder())
    assert (device.driver, device.node) == (driver, node)
    assert Client(device.open()).version() == (version, driver)
    assert load_chip(chip).device["node"].value == node


def test_a_chip_without_one_is_told_which_have_one() -> None:
    with pytest.raises(InputError, match=r"imx95 has no virtual device: .* no table .device.*: imx8mp, imx93, rk3588"):
        virtual_device("imx95", Recorder())
    with pytest.raises(InputError, match="Unknown chip"):
        virtual_device("imx39", Recorder())


def test_a_chip_of_the_user_has_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _own_chip(tmp_path, monkeypatch)
    device = virtual_device("own", Recorder())
    assert device.node == "/dev/accel/accel1"
    assert Client(device.open()).query() == (0x10064001, 0x10000008, 384 << 10)
    assert "own" in chips_with_devices()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"driver": "../../etc"}, "is not answered here"),
        ({"driver": "structs"}, "is not answered here"),
        ({"config": ""}, "lacks 'config'"),
        ({"config": _CONFIG.replace("0x10000008", "0x20000008")}, "npufit executes streams for"),
        ({"number": "many"}, "has to be the value of a register"),
        ({"number": "-1"}, "of 32 bits"),
        ({"number": "0x110000000"}, "32 bits"),
        ({"sram": "2", "unit": "cores"}, "a size of at most 64 MiB"),
        ({"sram": "9000", "unit": "MiB"}, "at most 64 MiB"),
    ],
)
def test_wrong_values_are_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], message: str
) -> None:
    _own_chip(tmp_path, monkeypatch, **wrong)
    with pytest.raises(InputError, match=message):
        virtual_device("own", Recorder())


def test_rocket_and_etnaviv_have_buffers_and_refuse_jobs_visibly() -> None:
    recorder = Recorder()
    client = Client(virtual_device("rk3588", recorder).open())
    size, handle, address, offset = client.call(0x40, "<2I2Q", 5000, 0, 0, 0)
    assert (size, handle, address) == (5000, 1, offset & 0xFFFFFFFF)
    client.call(0x42, "<2Iq", handle, 0, 0)
    with pytest.raises(OSError, match="Input/output error"):
        client.call(0x41, "<Q2IQ", 0, 0, 0, 0)
    assert isinstance(recorder.failures[0], ToolError)
    assert "executes nothing" in str(recorder.failures[0])
    client = Client(virtual_device("imx8mp", recorder).open())
    known = [client.call(0x40, "<2IQ", 0, parameter, 0)[2] for parameter in (1, 2, 0x1C, 0x1D, 0x1E, 3)]
    assert known == [0x8000, 0x8002, 0x5080009, 0x9F, 0x6000000, 0]
    assert client.call(0x42, "<Q2I", 5000, 0x20000, 0)[2] == 1
    for number, form, values, expected in (
        (0x40, "<2IQ", (1, 1, 0), errno.ENXIO),
        (0x40, "<2IQ", (0, 0xFF, 0), errno.EINVAL),
        (0x46, "<2I", (0, 0), errno.EIO),
        (0x4A, "<2I", (0, 0), errno.EINVAL),
    ):
        with pytest.raises(OSError, match=os.strerror(expected)):
            client.call(number, form, *values)
    assert len(recorder.failures) == 2


def test_the_room_is_opened_without_numpy() -> None:
    code = (
        "import sys; from npufit.vdevice import IgnoringObserver, ProcessMemory, virtual_device; "
        "virtual_device('rk3588', IgnoringObserver()).open(); "
        "sys.exit(sorted({'numpy', 'pydantic', 'rich'} & sys.modules.keys()) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
