"""What goes onto the board for each stack: really compiled, bundled, or as it is; and what is refused, in words."""

from __future__ import annotations

import json

import pytest

from npufit.errors import InputError, ToolError
from npufit.graph import Model
from npufit.loading import load
from npufit.measuring.predicting import other_kernels
from npufit.measuring.preparing import PreparedModel, prepare_for, prepare_for_cpu
from npufit.stacks import PlaceOptions, resolve_target
from npufit.tflite import parse_model, serialize_model
from real_files import find_model


@pytest.fixture(scope="module")
def person() -> Model:
    """Return a real network of TensorFlow Lite Micro."""
    return load(find_model("person_detect.tflite"))


def _prepare(model: Model, target: str, *, is_boards_own: bool = True) -> PreparedModel:
    content = serialize_model(model)
    return prepare_for(model, content, resolve_target(target), PlaceOptions(), is_boards_own=is_boards_own)


def test_vela_compiles_and_the_file_keeps_the_names_of_tensors(person: Model) -> None:
    found = _prepare(person, "imx93/vela")
    assert found.for_npu is not None
    on_npu = parse_model(found.for_npu, "compiled")
    assert any(operator.is_npu_call for _, operator in on_npu.operators())
    own = {tensor.name for tensor in person.main.tensors}
    assert {on_npu.main.tensors[index].name for index in (*on_npu.main.inputs, *on_npu.main.outputs)} <= own
    assert found.compiled_by.startswith("Vela 5.")
    assert found.compiled_sha256
    assert found.runs_on_cpu
    assert found.checked is not None
    assert found.checked.estimate is not None
    assert not found.notes


def test_without_the_vela_of_the_bsp_that_of_npufit_compiles_and_a_note_says_so(person: Model) -> None:
    found = _prepare(person, "imx93/vela@lf-5.15.52")
    assert found.for_npu is not None
    assert "Vela 5.2 compiled the model" in found.notes[0]
    assert "npufit toolchain install vela@3.3" in found.notes[0]


def test_a_release_that_the_user_named_is_not_replaced(person: Model) -> None:
    with pytest.raises(ToolError, match=r"npufit toolchain install vela@3\.3"):
        _prepare(person, "imx93/vela@lf-5.15.52", is_boards_own=False)


def test_linux_own_driver_gets_a_bundle(person: Model) -> None:
    found = _prepare(person, "imx93/direct")
    assert found.for_npu is None
    assert {"run.py", "manifest.json"} <= found.bundle.keys()
    manifest = json.loads(found.bundle["manifest.json"])
    assert {entry["path"] for entry in manifest["files"]} == found.bundle.keys() - {"manifest.json"}


@pytest.mark.parametrize("target", ["imx93/teflon", "imx8mp/vx"])
def test_delegates_that_compile_on_the_board_get_the_file_itself(person: Model, target: str) -> None:
    found = _prepare(person, target)
    assert found.for_npu == found.for_cpu == serialize_model(person)
    assert not found.compiled_sha256


def test_neutron_takes_converted_files_only(person: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match=r"converted files only.*--converter"):
        _prepare(person, "imx95/neutron")


def test_a_file_that_vela_compiled_runs_as_it_is_and_not_on_the_cpu(person: Model) -> None:
    compiled = _prepare(person, "imx93/vela").for_npu
    assert compiled is not None
    network = parse_model(compiled, "person_vela.tflite")
    found = prepare_for(network, compiled, resolve_target("imx93/vela"), PlaceOptions())
    assert found.for_npu == compiled
    assert not found.runs_on_cpu
    assert "already compiled" in found.notes[0]
    with pytest.raises(InputError, match=r"compiled for an NPU"):
        prepare_for_cpu(network, compiled)


def test_a_cpu_time_of_other_kernels_than_predicted_is_said(person: Model) -> None:
    prepared = _prepare(person, "imx93/vela")
    assert "--no-xnnpack measures what is predicted" in other_kernels(prepared, xnnpack=True)
    assert not other_kernels(prepared, xnnpack=False)
    assert not other_kernels(prepared, xnnpack=None)
