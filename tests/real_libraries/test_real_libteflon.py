"""A real libteflon.so against what npufit says of it: `make test-real LIBTEFLON=FILE TARGET=imx93/teflon@25.3`.

Nothing of Mesa is in this repository, so these tests are skipped unless LIBTEFLON names a library.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

import npufit
from measuring.virtual_board import VirtualBoard
from npufit.checking import CheckOptions, CheckResult, check
from npufit.errors import InputError
from npufit.ethosu import COEFFICIENTS_REGION, read_submissions
from npufit.execution import DeviceFailureError, random_inputs
from npufit.fitting import FitOptions, fit
from npufit.measurements import ProofVerdict
from npufit.running import RunOptions, run
from npufit.stacks import Effect, PlaceOptions
from npufit.vdevice import CapturingObserver, Library, LibraryCrashError, LibrarySession, virtual_device
from real_files import find_model, list_captures, list_models

_LIBRARY = os.environ.get("LIBTEFLON", "")
_TARGET = os.environ.get("TARGET", "imx93/teflon@25.3")
_CAPTURED_WITH = "imx93/teflon@25.3"
_ROUNDING_STEPS = 1.0
"""By how much a library may part from the reference kernels without a hazard: docs/exactness.md says where."""

pytestmark = pytest.mark.skipif(not _LIBRARY, reason="LIBTEFLON names no libteflon.so")


@cache
def _library() -> Library:
    return Library(Path(_LIBRARY))


def _decide(file: str) -> CheckResult:
    try:
        return check(find_model(file), _TARGET, CheckOptions(place=PlaceOptions(library=_library())))
    except InputError as refusal:
        pytest.skip(str(refusal))


@pytest.mark.parametrize("file", list_models())
def test_the_library_decides_partitions_and_crashes_as_the_rules_say(file: str) -> None:
    found = _decide(file).placement
    by_rules = check(find_model(file), _TARGET).placement
    assert found.differences == by_rules.differences == ()
    assert [operator.unit for operator in found.operators] == [operator.unit for operator in by_rules.operators]
    assert len(found.partitions) == len(by_rules.partitions)


@pytest.mark.skipif(_TARGET != _CAPTURED_WITH, reason=f"the captures are of {_CAPTURED_WITH}")
@pytest.mark.parametrize("name", list_captures())
def test_the_library_submits_what_was_captured(name: str, tmp_path: Path) -> None:
    path = find_model(f"{name}.tflite")
    model = npufit.load(path)
    device = virtual_device("imx93", CapturingObserver(tmp_path))
    with LibrarySession(_library(), device, path.read_bytes(), name=name) as session:
        session.load()
        session.infer(random_inputs(model), model.main.outputs)
    found, recorded = (_contents(folder) for folder in (tmp_path, list_captures()[name]))
    assert found == recorded


@pytest.mark.skipif(not _TARGET.startswith("imx93/"), reason="only streams of ethosu are executed")
@pytest.mark.parametrize("file", list_models())
def test_an_answer_without_a_hazard_is_right(file: str) -> None:
    hazards = check(find_model(file), _TARGET).placement.hazards
    options = RunOptions(compare=True, repeat=0, place=PlaceOptions(library=_library()))
    try:
        result = run(find_model(file), _TARGET, options)
    except LibraryCrashError:
        assert Effect.CRASH in {hazard.effect for hazard in hazards}
    except DeviceFailureError:
        assert "ethosu.stride-overflow" in {hazard.rule.id for hazard in hazards}
    except InputError as refusal:
        pytest.skip(str(refusal))
    else:
        assert not any(hazard.effect is Effect.CRASH and hazard.certain for hazard in hazards)
        if result.refusal is not None:
            assert hazards
        elif result.comparison is not None and not hazards:
            first = result.comparison.first_difference
            assert first is None or first.largest <= _ROUNDING_STEPS


@pytest.mark.skipif(_TARGET != _CAPTURED_WITH, reason=f"the story is one of {_CAPTURED_WITH}")
@pytest.mark.parametrize(
    ("file", "operator"),
    [("ssd_mobilenet_v1_coco_quant.tflite", 26), ("keras_mobilenet_v2_224_int8_per_tensor_io_int8.tflite", 5)],
)
def test_a_fit_makes_wrong_answers_right(file: str, operator: int) -> None:
    """The story of docs/vnpu.md: wrong boxes, classes and scores before, the reference kernels' after."""
    proof = fit(find_model(file), _TARGET, FitOptions(place=PlaceOptions(library=_library()))).library
    assert proof is not None
    before, after = proof.before, proof.after
    assert after is not None
    assert before.parting is not None
    assert (before.wrong, before.parting.operator) == (before.inputs, operator)
    assert after.is_right or after.only_rounds
    assert after.wrong < after.inputs / 2


def _contents(folder: Path) -> list[tuple[bytes, bytes]]:
    """Return the stream and the coefficients of each submission, which do not depend on the input."""
    return [(each.stream, each.buffer(COEFFICIENTS_REGION)) for each in read_submissions(folder)]


@pytest.mark.parametrize("file", ["mobilenet_v1_0.5_160_quant.tflite", "ssd_mobilenet_v1_coco_quant.tflite"])
def test_a_bench_proves_what_the_virtual_npu_counts(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPUFIT_BOARD_ROOT", str(VirtualBoard(tmp_path / "board").root))
    known = find_model("mobilenet_v1_0.5_160_quant.tflite")
    options = npufit.BenchOptions(_TARGET, delegate=_LIBRARY, known=known, runs=2, least_s=0.0)
    [measured] = npufit.bench(find_model(file), "local", options).measurements
    assert measured.proof.verdict is ProofVerdict.PROVEN, measured
    assert measured.placement is not None
    evidence = measured.proof.evidence[0]
    assert (evidence.source, evidence.on_cpu) == ("/proc/interrupts: ethosu", 0)
    assert evidence.calls is not None
    assert evidence.model == evidence.calls * measured.placement.partitions
