"""The public library: what `npufit` offers, what the page on it says, and every verb on a small real model."""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import npufit
from real_files import REPOSITORY, find_capture, find_model

_PAGE = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
_VERBS = (
    *("accuracy", "calibrate", "check", "compare", "cut", "deploy", "disassemble", "explain", "fit", "host", "load"),
    *("resize", "run", "save", "shrink", "sweep"),
)
_TEFLON = "imx93/teflon@25.3"
_VELA = "imx93/vela"


@pytest.fixture(scope="module")
def person() -> npufit.Model:
    """Return a real network of TensorFlow Lite Micro, which finds persons in small grey images."""
    return npufit.load(find_model("person_detect.tflite"))


def _types(ending: str) -> list[Any]:
    return [getattr(npufit, name) for name in npufit.__all__ if name.endswith(ending)]


def test_every_public_name_is_on_the_page_and_every_name_on_the_page_is_public() -> None:
    named = set(re.findall(r"\bnpufit\.([A-Za-z]\w*)", _PAGE)) | set(re.findall(r"`([A-Z]\w*)", _PAGE))
    rooms = {"checking", "errors", "measurements"}
    assert named - rooms - {"Path"} == set(npufit.__all__) - {"__version__"}
    assert [*npufit.__all__] == sorted(npufit.__all__)


def test_every_verb_has_a_row_a_section_and_an_example_on_the_page() -> None:
    for verb in _VERBS:
        assert f"\n| [`{verb}`](#" in _PAGE, verb
        assert f"npufit.{verb}(" in _PAGE, verb


@pytest.mark.parametrize("name", npufit.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(npufit, name) is not None
    assert name == "__version__" or getattr(npufit, name).__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'train'"):
        _ = npufit.train  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]


@pytest.mark.parametrize("name", _VERBS)
def test_every_verb_says_what_it_returns_and_what_it_raises(name: str) -> None:
    verb = getattr(npufit, name)
    assert inspect.isfunction(verb)
    document = inspect.getdoc(verb) or ""
    assert re.match(r"Return |Write .* and return ", document), document
    assert "Raises InputError" in document.replace("\n", " ")
    options = [entry for entry in inspect.signature(verb).parameters.values() if entry.name == "options"]
    for entry in options:
        assert entry.default is None
        assert str(entry.annotation).startswith(f"{name.title()}Options")
        assert f"`{name.title()}Options`" in _PAGE


@pytest.mark.parametrize("kind", [*_types("Options"), *_types("Result")], ids=lambda kind: kind.__name__)
def test_options_and_results_are_frozen(kind: Any) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


@pytest.mark.parametrize("kind", _types("Options"), ids=lambda kind: kind.__name__)
def test_options_need_nothing(kind: Any) -> None:
    assert kind() == kind()


def test_importing_the_library_imports_nothing_heavy() -> None:
    code = (
        "import sys, npufit\n"
        "heavy = {'numpy', 'rich', 'pydantic', 'jinja2', 'ai_edge_litert', 'flatbuffers', 'npufit.graph'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_check(person: npufit.Model) -> None:
    result = npufit.check(person, _TEFLON, npufit.CheckOptions(require=("hazards==0", "npu-operators>=1")))
    assert isinstance(result, npufit.CheckResult)
    assert result.summary.operators == len(person.main.operators)
    assert [gate.gate.quantity for gate in result.gates] == ["hazards", "npu-operators"]
    assert all(isinstance(gate, npufit.GateResult) and isinstance(gate.gate, npufit.Gate) for gate in result.gates)
    assert result.estimate is None or isinstance(result.estimate, npufit.Estimate)


def test_check_reads_a_log_from_a_file(person: npufit.Model, tmp_path: Path) -> None:
    log = tmp_path / "board.log"
    log.write_text("nothing of Teflon's", encoding="utf-8")
    with pytest.raises(npufit.InputError, match="has nothing that npufit recognises"):
        npufit.check(person, _TEFLON, npufit.CheckOptions(log=log))
    with pytest.raises(npufit.InputError, match="the log cannot be read"):
        npufit.check(person, _TEFLON, npufit.CheckOptions(log=tmp_path / "absent.log"))


def test_run_on_the_cpu_a_target_and_a_capture(person: npufit.Model) -> None:
    options = npufit.RunOptions(seed=3, repeat=0)
    here = npufit.run(person, "cpu", options)
    there = npufit.run(person, _VELA, dataclasses.replace(options, compare=True))
    assert isinstance(there, npufit.RunResult)
    assert there.comparison is not None
    assert there.comparison.is_equal
    assert {index: array.tolist() for index, array in here.outputs.items()} == {
        index: array.tolist() for index, array in there.outputs.items()
    }
    captured = npufit.run(find_model("micro/concat_c16.tflite"), find_capture("micro/concat_c16"), options)
    assert captured.partitions == 1


def test_run_refuses_what_contradicts(person: npufit.Model) -> None:
    for options, said in (
        (npufit.RunOptions(compare=True), "nothing to compare"),
        (npufit.RunOptions(original=person), "--original needs"),
        (npufit.RunOptions(("absent.png",), normalize="-2..2"), "absent.png"),
    ):
        with pytest.raises(npufit.InputError, match=re.escape(said)):
            npufit.run(person, "cpu", options)


def test_fit_cut_and_save(tmp_path: Path) -> None:
    fitted = npufit.fit(find_model("kws_ref_model.tflite"), _TEFLON, npufit.FitOptions(inputs=1))
    assert isinstance(fitted, npufit.FitResult)
    assert fitted.failures == ()
    assert isinstance(fitted.recipe, npufit.Recipe)
    fitted.recipe.save(tmp_path / "recipe.json")
    assert npufit.read_recipe(tmp_path / "recipe.json") == fitted.recipe
    size = npufit.save(fitted.model, tmp_path / "fitted.tflite")
    assert (tmp_path / "fitted.tflite").stat().st_size == size
    assert npufit.load(tmp_path / "fitted.tflite").main.operators == fitted.model.main.operators
    first = fitted.model.main.operators[0].outputs[0]
    parts = npufit.cut(fitted.model, _TEFLON, npufit.CutOptions(head=(str(first),), inputs=1))
    assert isinstance(parts, npufit.CutResult)
    assert not parts.has_failed
    parts.save(tmp_path / "parts")
    assert {path.name for path in (tmp_path / "parts").iterdir()} == {
        "manifest.json",
        *(part.file for part in parts.parts),
    }
    with pytest.raises(npufit.InputError, match="is not empty"):
        parts.save(tmp_path / "parts")
    parts.save(tmp_path / "parts", overwrite=True)


@pytest.mark.parametrize("size", [64, (64, 64), "64", "64x64"])
def test_resize(person: npufit.Model, size: Any) -> None:
    resized = npufit.resize("zoo:mobilenet_v1@96,uint8,alpha=0.25", size)
    assert isinstance(resized, npufit.ResizeResult)
    assert resized.model.main.tensors[resized.model.main.inputs[0]].shape == (1, 64, 64, 3)
    with pytest.raises(npufit.InputError):
        npufit.resize(person, "wide")


def test_calibrate_gives_a_target(tmp_path: Path) -> None:
    runs, board = tmp_path / "runs.csv", tmp_path / "board.toml"
    runs.write_text("model,latency_ms,unit,threads\nperson,12.5,cpu,1\n", encoding="utf-8")
    options = npufit.CalibrateOptions(name=board.name)
    found = npufit.calibrate([runs], {"person": find_model("person_detect.tflite")}, _VELA, options)
    assert isinstance(found, npufit.CalibrateResult)
    found.save(board)
    assert npufit.check(find_model("person_detect.tflite"), board).name.endswith("board.toml")
    with pytest.raises(npufit.InputError, match="the file exists"):
        found.save(board)
    with pytest.raises(npufit.InputError, match="none of the measurements can be used"):
        npufit.calibrate([], {"person": find_model("person_detect.tflite")}, _VELA)
    with pytest.raises(npufit.InputError, match="no model given"):
        npufit.calibrate([runs], {}, _VELA)


def test_accuracy() -> None:
    found = npufit.accuracy(["imx93/vela"])
    assert isinstance(found, npufit.AccuracyResult)
    assert {row.group for row in found.rows} == {"imx93/vela"}
    assert found.groups[0].rows == sum(row.counts for row in found.rows)


def test_disassemble(person: npufit.Model) -> None:
    compiled = find_model("person_detect_vela.tflite")
    by_file = npufit.disassemble(compiled)
    by_model = npufit.disassemble(npufit.load(compiled))
    assert isinstance(by_file, npufit.DisassembleResult)
    assert [stream.stream for stream in by_file.streams] == [stream.stream for stream in by_model.streams]
    assert by_file.is_accepted
    assert by_file.streams[0].verdict is None
    fresh = npufit.disassemble(person, npufit.DisassembleOptions(kernel="7.3", target=_VELA))
    assert fresh.streams[0].instructions()[-1].name == "STOP"
    verdict = fresh.streams[0].verdict
    assert verdict is not None
    assert fresh.is_accepted is (verdict.accepted is not False)
    with pytest.raises(npufit.InputError):
        npufit.disassemble(person)


def test_save_replaces_nothing_unless_told_to(person: npufit.Model, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"precious")
    with pytest.raises(npufit.InputError, match="the file exists"):
        npufit.save(person, path)
    assert path.read_bytes() == b"precious"
    npufit.save(person, path, overwrite=True)
    assert npufit.load(path).main.outputs == person.main.outputs
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.tflite"]
    with pytest.raises(npufit.InputError, match="cannot be written"):
        npufit.save(person, tmp_path / "absent" / "model.tflite")
