"""deploy: a bundle computes what the model does and says what it holds; what would not is refused or not written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from networks import Network, quantized
from npufit.cli.main import npufit as group
from npufit.deploying import Bundle, BundleProof, DeployOptions, DeployResult, deploy
from npufit.deploying.executing import BundleRunner
from npufit.deploying.golden import golden_runs
from npufit.deploying.manifest import NpuStep
from npufit.deploying.proving import prove
from npufit.errors import InputError
from npufit.fitting import ignore_progress
from npufit.fitting.proof import seeded_inputs
from npufit.graph import Buffer, ConcatenationOptions, ElementType, Model, Operator, OtherOptions
from npufit.loading import load
from npufit.report.schema import manifest_schema
from npufit.tflite import parse_model
from real_files import find_model

_DIRECT = "imx93/direct@7.3"
_KWS, _LSTM, _SHUFFLE = "kws_ref_model.tflite", "keras_lstm_mnist_ptq.tflite", "fastestdet_shufflenetv2.tflite"
_IMAGE = (1, 8, 8, 16)
_SIXTEENTH = quantized(1 / 32)


@cache
def _deployed(name: str) -> DeployResult:
    return deploy(find_model(name), _DIRECT, DeployOptions(inputs=1))


def _inputs(bundle: Bundle, case: int = 0) -> list[Any]:
    """Return the inputs of a case of the bundle."""
    entry = bundle.manifest.verification.cases[case]
    return [np.frombuffer(bundle.files[path], np.uint8) for path in entry.inputs]


def _run(runner: BundleRunner, bundle: Bundle) -> list[bytes]:
    values: dict[int, Any] = {}
    for found in runner.run(_inputs(bundle)):
        values |= found
    return [values[number].tobytes() for number in bundle.manifest.outputs]


def _state(runner: BundleRunner) -> list[bytes]:
    return [data.tobytes() for data in runner.state.values()]


def _right(bundle: Bundle) -> list[bytes]:
    return [bundle.files[path] for path in bundle.manifest.verification.cases[0].outputs]


@pytest.mark.parametrize(
    ("name", "kinds"), [(_KWS, ["npu"]), (_LSTM, ["npu"]), (_SHUFFLE, ["npu", "cpu"] * 26 + ["npu"])]
)
def test_a_written_bundle_is_whole_and_says_what_it_holds(name: str, kinds: list[str], tmp_path: Path) -> None:
    result, folder = _deployed(name), tmp_path / "bundle"
    assert not result.has_failed
    result.save(folder)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    jsonschema.validate(manifest, manifest_schema())
    assert [step["kind"] for step in manifest["steps"]] == kinds
    assert manifest["model"]["sha256"] == hashlib.sha256(find_model(name).read_bytes()).hexdigest()
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {entry["path"] for entry in manifest["files"]} | {"manifest.json"}
    assert {"run.py", "c/ethosu_direct.c"} < written
    for entry in manifest["files"]:
        data = (folder / entry["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
    own = {tensor.name for tensor in load(find_model(name)).main.tensors}
    assert {tensor["name"] for tensor in manifest["tensors"]} <= own
    verdicts = {(entry["series"], entry["from"]): entry["verdict"] for entry in manifest["kernels"]}
    assert verdicts["7.2", 0] == "refused"
    assert verdicts["7.2", 7] == verdicts["7.3", 0] == verdicts["6.19", 0] == "accepted"


def test_steps_pass_on_only_what_the_host_needs() -> None:
    manifest = _deployed(_SHUFFLE).manifest
    calls = [step for step in manifest.steps if isinstance(step, NpuStep)]
    read = {tensor for step in manifest.steps if not isinstance(step, NpuStep) for tensor in step.inputs}
    written = {tensor for step in manifest.steps if not isinstance(step, NpuStep) for tensor in step.outputs}
    assert {place.tensor for step in calls for place in step.inputs} == {*manifest.inputs, *written}
    assert {place.tensor for step in calls for place in step.outputs} == {*read, *manifest.outputs} - written
    without_constants = [step for step in calls if {region.region for region in step.regions} == {1}]
    assert len(without_constants) == 10, "the driver refuses a buffer for a region that the stream does not use"


def test_a_network_keeps_its_state_until_a_reset() -> None:
    result = _deployed(_LSTM)
    assert [state.buffer for state in result.manifest.state] == [1, 1]
    assert result.proof is not None
    assert (result.proof.inferences, result.proof.continued) == (2, 1)
    runner = BundleRunner(result.bundle)
    initial, first, held = _state(runner), _run(runner, result.bundle), _state(runner)
    assert initial != held
    _run(runner, result.bundle)
    assert _state(runner) != held, "the second inference goes on from the first"
    runner.reset()
    assert _state(runner) == initial
    assert first == _right(result.bundle)


def _relay(*readers: str) -> Model:
    """Return three calls with CPU operators between them, each of which writes a part of one tensor."""
    network = Network(quantization=_SIXTEENTH)
    axes = network.constant(np.array([2], np.int32))

    def backwards(tensor: int, shape: Sequence[int]) -> int:
        return network.apply("REVERSE_V2", [tensor, axes], shape, OtherOptions("ReverseV2Options", ()))

    current = network.apply("RELU", [network.input(*_IMAGE)], _IMAGE)
    parts: list[int] = []
    for part in range(3):
        parts.append(network.apply("TANH", [current], _IMAGE))
        current = network.apply("ABS", [backwards(current, _IMAGE)], _IMAGE) if part < 2 else current
    whole_shape = (*_IMAGE[:3], 48)
    whole = network.apply("CONCATENATION", parts, whole_shape, ConcatenationOptions(3))
    for kind in readers:
        if kind == "REVERSE_V2":
            backwards(whole, whole_shape)
        else:
            network.apply(kind, [whole], whole_shape)
    return network.model(*network.unread())


@cache
def _relayed() -> DeployResult:
    return deploy(_relay("REVERSE_V2", "RELU"), _DIRECT, DeployOptions(inputs=1))


def test_a_tensor_that_several_calls_write_is_read_after_the_last() -> None:
    result = _relayed()
    assert not result.has_failed
    assert [step.kind for step in result.manifest.steps] == ["npu", "cpu", "npu", "cpu", "npu", "cpu"]
    given = [len(step.outputs) for step in result.manifest.steps if isinstance(step, NpuStep)]
    assert given == [1, 1, 2]


def test_odd_ends_of_a_model() -> None:
    """An input that nothing reads, one that is an output, an output twice, and a constant."""
    network = Network(quantization=_SIXTEENTH)
    read, unread = network.input(1, 4, 4, 8), network.input(1, 4, 4, 8)
    result = network.apply("RELU", [read], (1, 4, 4, 8))
    constant = network.constant(np.array([[3, 4]], np.int8), _SIXTEENTH)
    found = deploy(network.model(result, result, unread, constant), _DIRECT)
    assert not found.has_failed
    first, again, passed, value = found.manifest.outputs
    assert first == again
    assert passed == found.manifest.inputs[1]
    assert found.bundle.files[found.manifest.tensors[value].file or ""] == bytes([3, 4])


def test_shapes_that_a_custom_operator_chooses_are_those_of_the_run() -> None:
    model = load("zoo:ssd_mobilenet_v1@96,uint8")
    tensors = list(model.main.tensors)
    for index in model.main.outputs:
        tensors[index] = replace(tensors[index], shape=())
    without = replace(model, subgraphs=(replace(model.main, tensors=tuple(tensors)), *model.subgraphs[1:]))
    result = deploy(without, _DIRECT, DeployOptions(inputs=1))
    assert not result.has_failed
    shapes = [result.manifest.tensors[number].shape for number in result.manifest.outputs]
    assert [len(shape) for shape in shapes] == [3, 2, 2, 1]
    boxes = result.bundle.files[result.manifest.verification.cases[0].outputs[0]]
    assert len(boxes) == result.manifest.tensors[result.manifest.outputs[0]].bytes > 4


def _with_step(bundle: Bundle, number: int, change: Callable[[NpuStep], NpuStep]) -> Bundle:
    steps = list(bundle.manifest.steps)
    call = steps[number]
    assert isinstance(call, NpuStep)
    steps[number] = change(call)
    return replace(bundle, manifest=replace(bundle.manifest, steps=tuple(steps)))


def _shifted(bundle: Bundle) -> Bundle:
    """Return a bundle whose second call takes its input from another place."""
    return _with_step(
        bundle, 2, lambda call: replace(call, inputs=(replace(call.inputs[0], offset=call.inputs[0].offset + 16),))
    )


def _unread(bundle: Bundle) -> Bundle:
    """Return a bundle whose first call does not get its input."""
    return _with_step(bundle, 0, lambda call: replace(call, inputs=()))


def _with_other_tables(bundle: Bundle) -> Bundle:
    """Return a bundle with other tables in its constants."""
    data = bundle.files["constants.bin"]
    return replace(bundle, files={**bundle.files, "constants.bin": bytes(byte ^ 0x10 for byte in data)})


def _with_another_stream(bundle: Bundle) -> Bundle:
    """Return a bundle whose third call runs the stream of the second."""
    return _with_step(bundle, 4, lambda call: replace(call, stream="streams/002.bin"))


@pytest.mark.parametrize(
    ("damage", "step"), [(_shifted, 2), (_unread, 0), (_with_other_tables, 4), (_with_another_stream, 4)]
)
def test_the_proof_names_the_first_step_that_a_damage_shows_in(damage: Callable[[Bundle], Bundle], step: int) -> None:
    result = _relayed()
    proof = _proof_of(damage(result.bundle), result)
    assert proof.difference is not None
    assert proof.difference.step == step
    assert "differ from LiteRT's reference kernels" in proof.difference.describe(result.bundle)


def _proof_of(bundle: Bundle, result: DeployResult) -> BundleProof:
    """Return the proof of `bundle` against the right answers of the bundle that it was."""
    model = result.placed.model
    by_name = {tensor.name: index for index, tensor in enumerate(model.main.tensors)}
    sources = [by_name[tensor.name] for tensor in bundle.manifest.tensors]
    golden = golden_runs(model, sources, seeded_inputs(model, 1))
    return prove(bundle, model, golden, sources, ignore_progress)[0]


def test_velas_own_difference_is_not_written_unless_asked_for(tmp_path: Path) -> None:
    """Vela rounds FULLY_CONNECTED twice, LiteRT once (docs/exactness.md)."""
    model = str(find_model("ad01_int8.tflite"))
    command = ["deploy", model, "-t", _DIRECT, "-o", str(tmp_path / "bundle")]
    outcome = CliRunner().invoke(group, [*command, "--json"], standalone_mode=False)
    assert outcome.return_value == 1
    document = json.loads(outcome.stdout)
    schema = CliRunner().invoke(group, ["deploy", "--json-schema"]).stdout
    jsonschema.validate(document, json.loads(schema))
    assert (document["written"], document["proof"]["difference"]["is_of_vela"]) == (None, True)
    assert document["proof"]["difference"]["largest"] == 1
    assert not (tmp_path / "bundle").exists()

    outcome = CliRunner().invoke(group, [*command, "--allow-differences"], standalone_mode=False)
    assert outcome.return_value == 1
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text("utf-8"))
    assert manifest["verification"]["golden"].startswith("npufit's simulator")
    assert "as Vela compiled it" in manifest["status"]
    result = deploy(model, _DIRECT, DeployOptions(inputs=1, allow_differences=True))
    assert _run(BundleRunner(result.bundle), result.bundle) == _right(result.bundle)


def test_without_a_proof_the_right_answers_are_still_there() -> None:
    result = deploy(find_model(_KWS), _DIRECT, DeployOptions(inputs=1, prove=False))
    assert result.proof is None
    assert "not executed" in result.manifest.status
    assert _right(result.bundle) == _right(_deployed(_KWS).bundle)


def test_a_file_that_vela_compiled_is_deployed_with_the_simulators_answers() -> None:
    source = deploy(find_model(_KWS), _DIRECT, DeployOptions(inputs=1, delegate=True)).bundle
    compiled = parse_model(source.files["model_vela.tflite"], "compiled")
    result = deploy(compiled, _DIRECT, DeployOptions(inputs=1))
    assert not result.has_failed
    assert result.bundle.files["streams/000.bin"] == source.files["streams/000.bin"]
    assert _right(result.bundle) == _right(source), "random values are the same for both"
    assert result.manifest.verification.golden.startswith("npufit's simulator")
    assert result.proof is not None
    assert (result.proof.tensors, result.proof.is_as_compiled) == (0, True)


def _with_a_torn_resource() -> Model:
    """Return a network that reads a variable before a call of the NPU and assigns it after the call."""
    network = Network(quantization=_SIXTEENTH)
    handle = network.tensor((), element=ElementType.RESOURCE)
    network.operators.append(Operator("VAR_HANDLE", (), (handle,), OtherOptions("VarHandleOptions", ())))
    source = network.input(*_IMAGE)
    held = network.apply("READ_VARIABLE", [handle], _IMAGE, OtherOptions("ReadVariableOptions", ()), version=1)
    result = network.apply("RELU", [source], _IMAGE)
    network.operators.append(
        Operator("ASSIGN_VARIABLE", (handle, result), (), OtherOptions("AssignVariableOptions", ()))
    )
    return network.model(held, result)


def _without_npu() -> Model:
    network = Network(ElementType.FLOAT32)
    network.apply("RELU", [network.input(*_IMAGE)], _IMAGE)
    return network.model()


def _with_a_written_constant() -> Model:
    """Return a network whose output has a value in the file, although an operator writes it."""
    network = Network(quantization=_SIXTEENTH)
    network.apply("RELU", [network.input(*_IMAGE)], _IMAGE)
    output = network.tensors[-1]
    network.tensors[-1] = replace(output, buffer=Buffer(bytes(output.size_bytes)))
    return network.model()


def _unknown_to_litert() -> Model:
    network = Network(quantization=_SIXTEENTH)
    network.apply("RELU", [network.cpu(network.apply("RELU", [network.input(*_IMAGE)], _IMAGE))], _IMAGE)
    return network.model()


@pytest.mark.parametrize(
    ("model", "target", "said"),
    [
        (_KWS, "imx93/direct@7.2.6", r"Linux 7\.2\.6 refuses the stream with EINVAL.*Use -t imx93/direct@7\.2\.7"),
        (_KWS, "imx93/vela", r"npufit deploys for Linux's own driver\. Use -t imx93/direct"),
        ("person_detect_vela.tflite", _DIRECT, "compiled for ethos-u55-256, and imx93 has ethos-u65-256"),
        (_with_a_torn_resource, _DIRECT, "resource variables are used both before and after a call of the NPU"),
        (_with_a_written_constant, _DIRECT, "ethos-u writes tensor .* which has a value in the file"),
        (_without_npu, _DIRECT, "Vela places no operator on the NPU"),
        (_unknown_to_litert, _DIRECT, "unresolved custom op.*--no-prove"),
    ],
)
def test_what_cannot_be_deployed_is_refused_in_words(model: str | Callable[[], Model], target: str, said: str) -> None:
    given = find_model(model) if isinstance(model, str) else model()
    with pytest.raises(InputError, match=said):
        deploy(given, target, DeployOptions(inputs=1))


def test_an_open_verdict_is_a_warning() -> None:
    result = deploy(find_model(_KWS), "imx93/direct@7.2", DeployOptions(inputs=1))
    (warning,) = result.warnings
    assert warning.startswith("Linux 7.2 may refuse a stream: ")
    assert "7.2.7 and later" in warning


def test_a_folder_with_something_else_is_left_alone_and_an_older_bundle_is_replaced(tmp_path: Path) -> None:
    result, shuffle = _deployed(_KWS), _deployed(_SHUFFLE)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "manifest.json").write_text('{"npufit_cut": 1}')
    for overwrite in (False, True):
        with pytest.raises(InputError):
            result.save(tmp_path, overwrite=overwrite)
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", "notes.txt"}
    folder = tmp_path / "bundle"
    shuffle.save(folder)
    with pytest.raises(InputError, match="not empty"):
        result.save(folder)
    result.save(folder, overwrite=True)
    assert [path.name for path in (folder / "streams").iterdir()] == ["000.bin"]
    assert not list((folder / "cpu").iterdir())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "streams" / "000.bin").unlink()
    (folder / "streams").rmdir()
    (folder / "streams").symlink_to(elsewhere)
    with pytest.raises(InputError, match="a link"):
        result.save(folder, overwrite=True)
    assert not list(elsewhere.iterdir())


def test_hostile_names_stay_inside_the_manifest(tmp_path: Path) -> None:
    network = Network(quantization=_SIXTEENTH)
    network.apply("RELU", [network.input(1, 4, 4, 8)], (1, 4, 4, 8))
    model = network.model(name="../../\x1b[31mmodel\n")
    names = ("../../etc/passwd", 'a"\udcff\x00\u202e')
    tensors = tuple(replace(tensor, name=name) for tensor, name in zip(model.main.tensors, names, strict=True))
    hostile = replace(model, subgraphs=(replace(model.main, tensors=tensors),))
    deploy(hostile, _DIRECT, DeployOptions(inputs=1)).save(tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text("utf-8"))
    assert manifest["tensors"][0]["name"] == names[0]
    assert all(not Path(entry["path"]).is_absolute() and ".." not in entry["path"] for entry in manifest["files"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle"]
