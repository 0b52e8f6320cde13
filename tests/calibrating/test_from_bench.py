"""Calibration with measurements of `npufit bench`: models by digest, and only runs whose NPU is not in doubt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import npufit
from measurements.made_measurements import contradicted, model_of, proven, unknown_on_laptop
from npufit.cli.main import npufit as group
from npufit.errors import InputError
from npufit.graph import Model
from npufit.measurements import (
    Measurement,
    OperatorMeasurement,
    Proof,
    ProofVerdict,
    model_digest,
    write_measurement,
)
from npufit.stacks import Unit, resolve_target
from real_files import find_model

_PERSON = find_model("person_detect.tflite")
_TARGET = resolve_target("imx93/teflon@26.2")
_SLOWER = 1.5


@pytest.fixture(scope="module")
def person() -> Model:
    return npufit.load(_PERSON)


@pytest.fixture(scope="module")
def benched(person: Model) -> Measurement:
    """Return a measurement of a board that is slower by half, whose file has another name than the model."""
    predicted = npufit.check(person, _TARGET).estimate
    assert predicted is not None
    assert predicted.total_ms is not None
    model = replace(model_of(person), sha256=model_digest(person, _PERSON), name="renamed.tflite")
    made = proven(model, _SLOWER * predicted.total_ms, _SLOWER * predicted.cpu_only_ms)
    settings = replace(made.settings, threads=predicted.threads, xnnpack=False)
    operators = (
        *(
            OperatorMeasurement("cpu", entry.type, "", index, _SLOWER * 0.1, with_npu=False)
            for index, entry in enumerate(person.main.operators)
            if entry.type == "AVERAGE_POOL_2D"
        ),
        OperatorMeasurement("cpu", "SOFTMAX", "", 0, 5.0, with_npu=True),
        OperatorMeasurement("npu", "TfLiteTeflonDelegate", "", None, 0.9 * predicted.total_ms, with_npu=True),
        OperatorMeasurement("npu", "CONV_2D", "", 3, 0.4, 400_000, with_npu=True),
    )
    return replace(made, target="imx93/teflon@26.1", settings=settings, operators=operators)


def _calibrated(folder: Path, *measurements: Measurement) -> npufit.CalibrateResult:
    for measurement in measurements:
        write_measurement(folder, measurement)
    return npufit.calibrate([folder], {"net": _PERSON}, _TARGET)


def test_a_folder_of_measurements_calibrates_both_units(tmp_path: Path, benched: Measurement) -> None:
    result = _calibrated(tmp_path, benched)
    on_cpu, on_npu = (next(row for row in result.rows if row.unit is unit) for unit in (Unit.CPU, Unit.NPU))
    assert on_cpu.before_ms == pytest.approx(on_cpu.measured_ms / _SLOWER, rel=0.01)
    assert abs(on_cpu.after_ms / on_cpu.measured_ms - 1) < 0.1
    assert on_cpu.operator_types == 1, "the profile of the CPU alone counts, that of a run with the NPU does not"
    assert [entry.type for entry in on_cpu.run.operators] == ["AVERAGE_POOL_2D"]
    assert on_npu.run.delegate_ms == pytest.approx(0.9 * on_npu.before_ms, rel=0.01)
    assert (on_npu.run.stack, on_npu.run.kernels, on_npu.run.tool) == ("teflon", "builtin", "benchmark_model")
    assert abs(on_npu.after_ms / on_npu.measured_ms - 1) < abs(on_npu.before_ms / on_npu.measured_ms - 1)


def test_a_measurement_finds_its_model_by_structure_and_by_what_was_compiled(
    tmp_path: Path, benched: Measurement, person: Model
) -> None:
    for number, model in enumerate(
        (
            replace(benched.model, sha256="ab" * 32),
            replace(benched.model, sha256="ab" * 32, structure="cd" * 32, compiled_sha256=benched.model.sha256),
        )
    ):
        assert {row.model for row in _calibrated(tmp_path / str(number), replace(benched, model=model)).rows} == {"net"}
    stranger = replace(benched.model, sha256="ab" * 32, structure="cd" * 32)
    other = {"one": _PERSON, "two": find_model("kws_ref_model.tflite")}
    write_measurement(tmp_path / "stranger", replace(benched, model=stranger))
    with pytest.raises(InputError, match=r"names the model 'renamed.tflite', which is not among"):
        npufit.calibrate([tmp_path / "stranger"], other, _TARGET)


def test_a_run_without_proof_is_no_time_of_the_npu(tmp_path: Path, benched: Measurement) -> None:
    unknown = replace(benched, proof=Proof(ProofVerdict.UNKNOWN, "no counter moves"))
    against = replace(contradicted(benched.model), target=benched.target, settings=benched.settings)
    result = _calibrated(tmp_path, unknown, against)
    assert {row.unit for row in result.rows} == {Unit.CPU}
    reasons = " ".join(result.unused)
    assert "whether the NPU ran is unknown (no counter moves), so its time is not used" in reasons
    assert "the NPU did not run" in reasons


def test_other_boards_and_throttled_ones_are_not_used(tmp_path: Path, benched: Measurement) -> None:
    hot = replace(benched, day="2026-11-23", conditions=replace(benched.conditions, throttled=True))
    result = _calibrated(tmp_path, benched, hot, unknown_on_laptop(benched.model))
    assert len(result.rows) == 2
    reasons = " ".join(result.unused)
    assert "the board throttled while it ran" in reasons
    assert "measured on a computer that is none of the known chips, not on imx93" in reasons


def test_a_damaged_measurement_is_named(tmp_path: Path, benched: Measurement) -> None:
    path = write_measurement(tmp_path, benched)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match=r"none of the measurements can be used: .*changed after npufit wrote it"):
        npufit.calibrate([path], {"net": _PERSON}, _TARGET)


def test_the_command_takes_folders_files_and_logs_together(tmp_path: Path, benched: Measurement) -> None:
    folder, table, profile = tmp_path / "measured", tmp_path / "runs.csv", tmp_path / "board.toml"
    file = write_measurement(folder, benched)
    table.write_text("model,latency_ms,unit,threads\nnet,60,cpu,1\n", encoding="utf-8")
    named = ["calibrate", str(folder), str(file), str(table)]
    run = CliRunner().invoke(group, [*named, "-t", "imx93/teflon@26.2", "-m", f"net={_PERSON}", "-o", str(profile)])
    assert run.exit_code == 0, run.output
    assert "3 runs of 1 network" in run.output, "the same content counts once"
    assert file.name in profile.read_text(encoding="utf-8")
