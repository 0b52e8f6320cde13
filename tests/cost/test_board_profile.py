"""Profiles of boards: written and read back, refused where they are not what `npufit calibrate` writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import npufit
from npufit.checking import choose_target
from npufit.cost import Band, Estimate, EstimateOptions, Kernels
from npufit.cost.board_profile import Change, Profile, ProfiledRun, ProfileErrors, profile_text, read_profile
from npufit.cost.packaged_coefficients import load_coefficients
from npufit.errors import InputError
from npufit.graph import Model

_CPU = load_coefficients("imx93/cpu")
assert _CPU is not None
_BEFORE = _CPU.values["convolution_ns_per_mac"]
_PROFILE = Profile(
    name="board.toml",
    target="imx93/teflon@26.2",
    measurements=3,
    networks=2,
    errors=ProfileErrors(0.3, 0.02, None),
    cpu=(Change("convolution_ns_per_mac", _BEFORE, 2 * _BEFORE),),
    npu=(),
    cpu_band=Band(0.9, 1.2, 1.0, 6, 5, 0.05, "errors of measurements on the board of board.toml"),
)


def _write(folder: Path, text: str) -> Path:
    path = folder / "board.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_profile_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_profile(_write(tmp_path, profile_text(_PROFILE))) == _PROFILE
    held_out = replace(_PROFILE, errors=ProfileErrors(0.3, 0.02, 0.1), cpu_band=None)
    assert read_profile(_write(tmp_path, profile_text(held_out))) == held_out


def test_a_name_cannot_break_the_file(tmp_path: Path) -> None:
    hostile = replace(_PROFILE, name='a"\n[cpu]\\\x00\x7f\U0001f600')
    assert read_profile(_write(tmp_path, profile_text(hostile))) == _PROFILE


def test_a_profile_is_a_target(tmp_path: Path) -> None:
    path = _write(tmp_path, profile_text(_PROFILE))
    chosen = choose_target(str(path))
    assert str(chosen.target) == "imx93/teflon@26.2"
    model = npufit.load("zoo:mobilenet_v1@96,uint8")
    plain, own = npufit.check(model, "imx93/teflon@26.2"), npufit.check(model, str(path))
    assert plain.placement == own.placement
    assert plain.estimate is not None
    assert own.estimate is not None
    assert own.estimate.cpu_only_ms > 1.2 * plain.estimate.cpu_only_ms
    assert own.estimate.cpu_band == _PROFILE.cpu_band
    assert "calibrated with board.toml: 3 measurements of 2 networks" in own.estimate.basis
    assert own.name == "imx93/teflon@26.2, board.toml"
    one = npufit.check(model, path, npufit.CheckOptions(estimate=EstimateOptions(threads=1))).estimate
    assert one is not None
    assert one.threads == 1
    assert one.cpu_only_ms > own.estimate.cpu_only_ms


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("form = 1", "form = 2", "form"),
        ("imx93/teflon@26.2", "imx39/teflon", "unknown target"),
        ("measurements = 3", "measurements = -3", "measurements"),
        ("measurements = 3", 'measurements = "3"', "measurements"),
        ("convolution_ns_per_mac", "convolution", "imx93/cpu has no coefficient 'convolution'"),
        ("convolution_ns_per_mac", '"\\u001b[2J"', "no coefficient"),
        (f"after = {2 * _BEFORE!r}", "after = -1.0", "after"),
        (f"after = {2 * _BEFORE!r}", "after = nan", "after"),
        (f"after = {2 * _BEFORE!r}", "after = inf", "after"),
        (f"after = {2 * _BEFORE!r}", "after = 1e12", "npufit's own is"),
        ("low = 0.9", "low = 1.5", "low"),
        ("rows = 6", "rows = 6\nsurprise = 1", "surprise"),
        ("[errors]", "[errors", "not TOML"),
        ("form = 1", f"form = {'[' * 5000}", "not TOML"),
    ],
)
def test_a_file_that_is_no_profile_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = profile_text(_PROFILE)
    assert old in text
    with pytest.raises(InputError) as caught:
        read_profile(_write(tmp_path, text.replace(old, new)))
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_profile(tmp_path / "absent.toml")
    with pytest.raises(InputError, match="larger than"):
        read_profile(_write(tmp_path, "#" * (257 << 10)))
    path = tmp_path / "board.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not TOML"):
        read_profile(path)


def test_a_profile_says_what_it_was_fitted_to(tmp_path: Path) -> None:
    runs = (
        ProfiledRun("net", "cpu", 2, 10.5, "cpu.log run 1", "benchmark_model", "median", "xnnpack"),
        ProfiledRun('a"\n', "npu", 1, 3.0, "runs.csv line 2"),
    )
    profile = replace(_PROFILE, kernels=Kernels.XNNPACK, runs=runs, day="2026-11-21", made_by="0.1.0")
    text = profile_text(profile)
    assert 'source = "cpu.log run 1", tool = "benchmark_model", statistic = "median", kernels = "xnnpack"' in text
    read = read_profile(_write(tmp_path, text))
    assert (read.kernels, read.day, read.made_by, read.runs[0]) == (Kernels.XNNPACK, "2026-11-21", "0.1.0", runs[0])
    many = replace(profile, runs=runs[:1] * 10_000)
    assert len(read_profile(_write(tmp_path, profile_text(many))).runs) == 200


def test_a_profile_of_an_older_version_is_read(tmp_path: Path) -> None:
    text = profile_text(_PROFILE)
    assert "fitted]" not in text
    assert read_profile(_write(tmp_path, text)).kernels is None


@pytest.mark.parametrize(
    ("fitted", "asked", "said"),
    [
        (Kernels.XNNPACK, None, "xnnpack"),
        (Kernels.XNNPACK, Kernels.XNNPACK, "xnnpack"),
        (Kernels.XNNPACK, Kernels.BUILTIN, None),
        (None, None, "not stated"),
        (None, Kernels.XNNPACK, None),
        (None, Kernels.BUILTIN, None),
    ],
)
def test_kernels_are_those_of_the_profile_or_refused(
    tmp_path: Path, fitted: Kernels | None, asked: Kernels | None, said: str | None
) -> None:
    profile = replace(_PROFILE, kernels=fitted, day="2026-11-21")
    path = _write(tmp_path, profile_text(profile))
    model = npufit.load("zoo:mobilenet_v1@32,uint8,alpha=0.25")
    options = EstimateOptions(kernels=asked)
    if said is None:
        with pytest.raises(InputError, match="--kernels"):
            _ = npufit.check(model, path, npufit.CheckOptions(estimate=options)).estimate
        return
    found = npufit.check(model, path, npufit.CheckOptions(estimate=options)).estimate
    assert found is not None
    assert ("kernels", said) in {(setting.name, setting.value) for setting in found.settings}
    assert found.cpu_only_ms == _estimate(model, path).cpu_only_ms


def _estimate(model: Model, path: Path) -> Estimate:
    found = npufit.check(model, str(path)).estimate
    assert found is not None
    return found


def test_a_profile_of_an_npu_alone_leaves_the_kernels_open(tmp_path: Path) -> None:
    path = _write(tmp_path, profile_text(replace(_PROFILE, cpu=(), cpu_band=None)))
    found = npufit.check(
        npufit.load("zoo:mobilenet_v1@32,uint8,alpha=0.25"),
        str(path),
        npufit.CheckOptions(estimate=EstimateOptions(kernels=Kernels.XNNPACK)),
    ).estimate
    assert found is not None
    assert ("kernels", "xnnpack") in {(setting.name, setting.value) for setting in found.settings}
