"""Vela's streams on Linux's own driver: what each release says to compiled networks, and what npufit makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import npufit
from npufit.checking import CheckOptions, CheckResult, check
from npufit.errors import InputError
from npufit.ethosu import read_programs
from npufit.loading import load
from npufit.running import RunOptions, run
from npufit.stacks import Effect, PlaceOptions, resolve_target
from npufit.stacks.direct import STACK, judge_known_releases, sram_of
from npufit.stacks.direct.verdicts import names
from npufit.sweeping import SweepOptions
from npufit.tflite import parse_model
from npufit.vdevice import chips_with_devices
from real_files import find_model
from running_npufit import run_npufit

KEYWORDS = "kws_ref_model.tflite"
SHUFFLENET = "fastestdet_shufflenetv2.tflite"
LOGISTIC = "single_ops/test_logistic_int8.tflite"


def _check(name: str, version: str = "7.3", *settings: tuple[str, str]) -> CheckResult:
    options = CheckOptions(place=PlaceOptions(settings=settings))
    return check(find_model(name), f"imx93/direct@{version}", options)


def _notes(result: CheckResult) -> str:
    return "\n".join(note.text for note in result.placement.notes)


@pytest.mark.parametrize(
    ("name", "taking", "refusing", "unknown"),
    [
        (
            SHUFFLENET,
            "6.19, 7.0, 7.1.0 to 7.1.3, 7.2 from 7.2.7, 7.3",
            "7.1.8 to 7.1.13, 7.2.0 to 7.2.6",
            "7.1.4 to 7.1.7, 7.1 from 7.1.14",
        ),
        (LOGISTIC, "6.19 from 6.19.8, 7.0, 7.1, 7.2, 7.3", "6.19.0 to 6.19.6", "6.19.7"),
        ("micro/residual_chain.tflite", "6.19, 7.0, 7.1, 7.2, 7.3", "", ""),
    ],
)
def test_which_releases_take_what_vela_compiles(name: str, taking: str, refusing: str, unknown: str) -> None:
    compiled = STACK.compile(load(find_model(name)), resolve_target("imx93/direct"), PlaceOptions()).compiled
    ranges = judge_known_releases(read_programs(parse_model(compiled, name)), "imx93")
    found = [names(entry for entry in ranges if entry.accepted is verdict) for verdict in (True, False, None)]
    assert found == [taking, refusing, unknown]
    assert {entry.errno for entry in ranges if entry.accepted is False} <= {"EINVAL"}


def test_a_refused_network_says_so_first_and_names_the_release_that_takes_it() -> None:
    result = _check(SHUFFLENET, "7.2.6")
    assert result.placement.refusal == "Linux 7.2.6 refuses 14 of its 27 streams"
    assert len(result.placement.hazards) == 14
    for hazard in result.placement.hazards:
        assert (hazard.rule.id, hazard.effect, hazard.certain) == ("direct.rounding", Effect.FAILS, True)
        assert hazard.remedies[0].target == "imx93/direct@7.2.7"
    # What fails is named: a pooling, or the TRANSPOSE that is a copy, not the first operator of the partition.
    culprits = {result.model.operator(hazard.culprit).name for hazard in result.placement.hazards}
    assert {"MAX_POOL_2D", "TRANSPOSE"} <= culprits
    assert _check(SHUFFLENET, "7.2.9").placement.hazards == ()


@pytest.mark.parametrize(
    ("version", "certain", "note"),
    [
        ("7.2", False, ""),
        ("7.1.5", False, "Linux 7.1.5 was not read"),
        ("7.1.8", True, ""),
        ("7.2-rc3", False, "7.2-rc3 is judged as 7.2"),
    ],
)
def test_what_is_not_known_is_not_certain(version: str, certain: bool, note: str) -> None:
    result = _check(KEYWORDS, version)
    (hazard,) = result.placement.hazards
    assert hazard.certain is certain
    assert result.placement.refusal == f"Linux {version} {'refuses' if certain else 'may refuse'} its stream"
    assert result.operator(result.placement.operators[9]).name == "AVERAGE_POOL_2D"
    assert hazard.operators[0] == 9
    assert note in _notes(result)


def test_a_release_after_the_known_ones_is_judged_as_the_last_of_them() -> None:
    result = _check(KEYWORDS, "7.9.1")
    assert result.placement.hazards == ()
    assert "Linux 7.9.1 is not known here; it is judged as 7.3" in _notes(result)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("6.18.3", "there is no ethosu driver before 6.19"),
        ("3.12", "The version of direct is Linux's; --set vela=3.12 chooses a Vela"),
        ("newest", "is not a kernel release"),
    ],
)
def test_a_version_without_the_driver_is_refused(version: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        resolve_target(f"imx93/direct@{version}")


def test_too_large_an_arena_is_refused_and_the_note_names_one_that_passes() -> None:
    model = "zoo:mobilenet_v2@96,int8"
    large = PlaceOptions(settings=(("arena-cache-size", "393216"),))
    refused = npufit.check(model, "imx93/direct", CheckOptions(place=large))
    assert [hazard.rule.id for hazard in refused.placement.hazards] == ["direct.sram-size"]
    assert "accepts what Vela compiles with --set arena-cache-size=98304" in _notes(refused)
    taken = npufit.check(model, "imx93/direct")
    assert taken.placement.hazards == ()
    shown = {setting.name: setting.value for setting in taken.placement.settings}
    assert shown["arena-cache-size"] == f"{sram_of('imx93')} bytes" == "98304 bytes"


def test_settings_name_velas_release_and_only_what_linux_runs() -> None:
    assert _check(KEYWORDS, "7.3", ("vela", "5.2")).placement.hazards == ()
    for settings, message in (
        (("vela", "9.9"), "there is no such release"),
        (("accelerator", "ethos-u55-256"), "runs streams for the ethos-u65-256 of imx93 only"),
        (("arena", "1"), "Available: vela, accelerator, "),
    ):
        with pytest.raises(InputError, match=message):
            _check(KEYWORDS, "7.3", settings)


def test_a_compiled_file_is_judged_too(tmp_path: Path) -> None:
    target = resolve_target("imx93/direct@7.2.6")
    file = tmp_path / "kws_vela.tflite"
    file.write_bytes(STACK.compile(load(find_model(KEYWORDS)), target, PlaceOptions()).compiled)
    assert [hazard.rule.id for hazard in check(file, target).placement.hazards] == ["direct.rounding"]
    assert check(file, "imx93/direct").placement.hazards == ()
    (other,) = _check("person_detect_vela.tflite", "7.2.6").placement.hazards
    assert other.rule.id == "vela.other-accelerator"


@pytest.mark.parametrize("name", [SHUFFLENET, KEYWORDS])
def test_the_answer_is_that_of_the_reference_kernels(name: str) -> None:
    result = run(find_model(name), "imx93/direct", RunOptions(compare=True, repeat=0))
    assert result.comparison is not None
    assert result.comparison.is_equal
    assert result.findings == ()
    assert result.notes == ("Linux 7.3 accepts every stream",)


def test_a_run_that_linux_refuses_has_no_answer() -> None:
    refused = run_npufit("run", str(find_model(KEYWORDS)), "-t", "imx93/direct@7.2.6", "--compare")
    assert refused.returncode == 1
    assert refused.stdout.startswith(b"stopped: Linux 7.2.6 refuses the stream of partition 0 with EINVAL in ")


def test_releases_and_settings_can_be_swept() -> None:
    options = SweepOptions(place=PlaceOptions(settings=(("arena-cache-size", "98304,393216"),)))
    found = npufit.sweep([find_model(KEYWORDS)], ["imx93/direct@7.2.6,7.2.9"], options).result()
    hazards = {
        str(point.series.setup): len(point.outcome.hazards) for point in found.points if point.outcome is not None
    }
    assert hazards == {
        "imx93/direct@7.2.6, arena-cache-size=98304": 1,
        "imx93/direct@7.2.6, arena-cache-size=393216": 1,
        "imx93/direct@7.2.9, arena-cache-size=98304": 0,
        "imx93/direct@7.2.9, arena-cache-size=393216": 0,
    }


def test_a_virtual_npu_of_this_target_is_that_of_its_linux() -> None:
    for target, options, kernel in (
        ("imx93/direct@7.2.6", (), "7.2.6"),
        ("imx93/direct", (), "7.3"),
        ("imx93/direct", ("--kernel", "7.1.8"), "7.1.8"),
    ):
        hosted = run_npufit("vnpu", "-t", target, *options, "--json", "--", "true")
        assert f'"kernel": "{kernel}"'.encode() in hosted.stdout
    clash = run_npufit("vnpu", "-t", "imx93/direct@7.2.6", "--kernel", "7.3", "--", "true")
    assert clash.returncode == 2
    assert b"imx93/direct@7.2.6 is Linux 7.2.6, but --kernel 7.3 names another one" in clash.stderr


def test_a_chip_of_ones_own_has_its_sram_and_a_virtual_npu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"driver": "ethosu", "accelerator": "ethos-u65-256", "system-config": "Ethos_U65_High_End"}
    facts["memory-mode"] = "Dedicated_Sram"
    device = {"node": "/dev/accel/accel0", "id": "0x10064000", "config": "0x10000008"}

    def table(values: dict[str, str]) -> str:
        return "\n".join(f'{name} = {{ value = "{value}", source = "the board" }}' for name, value in values.items())

    (tmp_path / "mychip.toml").write_text(
        f'title = "My chip"\n[[cpu]]\n{table({"kind": "Arm Cortex-A55"})}\n'
        'cores = { value = 2, unit = "cores", source = "the board" }\n'
        f"[npu]\n{table({'name': 'Arm Ethos-U65'})}\n[stacks.direct]\n{table(facts)}\n"
        f'sram = {{ value = 16, unit = "KiB", source = "the board" }}\n[device]\n{table(device)}\n'
    )
    monkeypatch.setenv("NPUFIT_CHIPS", str(tmp_path))
    result = check(find_model(KEYWORDS), "mychip/direct")
    assert {setting.name: setting.value for setting in result.placement.settings}["arena-cache-size"] == "16384 bytes"
    assert result.placement.hazards == ()
    assert "mychip" in chips_with_devices()
