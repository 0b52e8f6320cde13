"""`npufit run --kernel`: the verdict comes before the result."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from npufit.cli.main import npufit as program
from npufit.errors import InputError
from real_files import find_capture, find_model


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["run", *arguments, "--repeat", "0"], standalone_mode=False)


def test_a_capture() -> None:
    folder = find_capture("micro/concat_c16")
    model = str(find_model("micro/concat_c16.tflite"))
    for release, said in (("7.1", "may refuse it"), ("7.3", "accepts it")):
        result = _run("--capture", str(folder), "--model", model, "--kernel", release)
        assert result.output.splitlines()[0].startswith(f"submission 0: Linux {release} {said}")
        assert result.return_value == 0


def test_what_vela_compiles_for_more_sram_than_the_driver_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NPUFIT_CACHE_DIR", str(tmp_path))
    result = _run("zoo:mobilenet_v1@128,uint8,alpha=0.25", "-t", "imx93/vela", "--kernel", "7.3")
    lines = result.output.splitlines()
    assert lines[0].endswith("Linux 7.3 refuses it with EINVAL")
    assert "sram_size is at most the SRAM of the hardware" in lines[1]
    assert result.return_value == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--on", "cpu", "--kernel", "7.1"), "the CPU has no command stream"),
        (("-t", "imx93/vela", "--kernel", "6.12"), "no ethosu driver before 6.19"),
        (("-t", "imx93/vela", "--kernel", "7.1", "--json"), "npufit disassemble"),
    ],
)
def test_options_that_contradict(arguments: tuple[str, ...], said: str) -> None:
    result = _run("zoo:mobilenet_v1@128,uint8,alpha=0.25", *arguments)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
