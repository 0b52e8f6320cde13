"""cut: the parts, chained as the manifest says, give the bytes of the whole."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npufit
from networks import Network
from npufit.checking import check
from npufit.cutting import CutOptions, CutProof, CutResult, cut
from npufit.cutting.chaining import prove_parts, run_parts
from npufit.cutting.parts import divide
from npufit.errors import InputError
from npufit.execution import Array, Reference, random_inputs
from npufit.fitting.proof import ProofInput, extreme_inputs, seeded_inputs
from npufit.graph import Attachment, Buffer, Metadata, Model
from npufit.stacks import Unit
from npufit.tflite import parse_model, serialize_model
from real_files import find_model
from rewrite.rewriting import kinds

_25_3 = "imx93/teflon@25.3"


def _cut(model: Model, head: tuple[str, ...] = (), tail: tuple[str, ...] = ()) -> CutResult:
    return cut(model, _25_3, CutOptions(head, tail, prove=False))


def _prove(found: CutResult, *inputs: ProofInput) -> CutProof:
    return prove_parts(found.model, found.parts, inputs)


def _framed() -> Model:
    """Return a network with operators that the NPU does not take before, between and behind convolutions."""
    net = Network()
    first = net.apply("ABS", (net.input(1, 8, 8, 16),), (1, 8, 8, 16))
    inner = net.convolve(net.apply("ABS", (net.convolve(first, 16),), (1, 6, 6, 16)), 16)
    net.apply("ABS", (inner,), (1, 4, 4, 16))
    side = net.apply("ABS", (inner,), (1, 4, 4, 16))
    return net.model(side, len(net.tensors) - 2)


def _follow(manifest: dict[str, Any], files: dict[str, bytes], inputs: list[Array]) -> list[Array]:
    """Chain the files by the manifest alone, as an application would."""
    outputs: dict[str, list[Array]] = {}

    def fetch(origin: dict[str, Any]) -> Array:
        return inputs[int(origin["input"])] if "input" in origin else outputs[origin["part"]][int(origin["output"])]

    for part in manifest["parts"]:
        model = parse_model(files[part["file"]], part["file"])
        given = {index: fetch(entry["from"]) for index, entry in zip(model.main.inputs, part["inputs"], strict=True)}
        for index, entry in zip(model.main.inputs, part["inputs"], strict=True):
            assert list(given[index].shape) == entry["shape"]
            assert str(given[index].dtype) == entry["type"]
            assert model.main.tensors[index].name == entry["name"]
        values = Reference(model).run(given)
        outputs[part["file"]] = [values[index] for index in model.main.outputs]
    return [fetch(entry["from"]) for entry in manifest["outputs"]]


def _assert_chains(found: CutResult) -> dict[str, Any]:
    manifest = json.loads(found.manifest)
    files = {part.file: serialize_model(part.model) for part in found.parts}
    inputs = random_inputs(found.model, 3)
    whole = {**inputs, **Reference(found.model).run(inputs)}
    chained = _follow(manifest, files, [inputs[index] for index in found.model.main.inputs])
    for index, values in zip(found.model.main.outputs, chained, strict=True):
        assert values.tobytes() == whole[index].tobytes()
    return manifest


def test_what_is_before_and_behind_the_npu_gets_files_of_its_own() -> None:
    model = _framed()
    found = _cut(model)
    assert [part.file for part in found.parts] == ["1_cpu.tflite", "2_npu.tflite", "3_cpu.tflite"]
    assert [part.unit for part in found.parts] == [Unit.CPU, Unit.NPU, Unit.CPU]
    assert [kinds(part.model) for part in found.parts] == [["ABS"], ["CONV_2D", "ABS", "CONV_2D"], ["ABS", "ABS"]]
    _assert_chains(found)
    proof = _prove(found, *seeded_inputs(model, 2), *extreme_inputs(model))
    assert (proof.inputs, proof.difference) == (6, "")


def test_tensors_cut_where_they_are_written() -> None:
    model = _framed()
    names = [model.main.tensors[operator.outputs[0]].name for operator in model.main.operators]
    found = _cut(model, head=(names[1],), tail=(str(model.main.operators[2].outputs[0]),))
    assert [part.operators for part in found.parts] == [(0, 1), (2,), (3, 4, 5)]
    _assert_chains(found)
    found = _cut(model, tail=(names[1],))
    assert [part.operators for part in found.parts] == [(0,), (1,), (2, 3, 4, 5)]
    found = _cut(model, head=(names[2],))
    assert [part.operators for part in found.parts] == [(0, 1, 2), (3,), (4, 5)]
    _assert_chains(found)


def test_inputs_and_early_results_pass_by_parts_that_do_not_need_them() -> None:
    net = Network()
    first = net.input(1, 8, 8, 16)
    second = net.input(1, 6, 6, 16)
    early = net.apply("ABS", (first,), (1, 8, 8, 16))
    last = net.apply("ABS", (net.convolve(early, 16),), (1, 6, 6, 16))
    both = net.apply("MAXIMUM", (last, second), (1, 6, 6, 16), version=1)
    model = net.model(both, early, second)
    found = _cut(model)
    manifest = _assert_chains(found)
    assert manifest["outputs"][1]["from"] == {"part": "1_cpu.tflite", "output": 0}
    assert manifest["outputs"][2]["from"] == {"input": 1}
    assert {"input": 1} in [entry["from"] for entry in manifest["parts"][2]["inputs"]]


def test_what_describes_the_whole_does_not_travel_with_the_parts() -> None:
    model = replace(
        _framed(),
        metadata=(Metadata("TFLITE_METADATA", Buffer(b"of all inputs")), Metadata("min_runtime_version", Buffer(b"2"))),
        attachments=(Attachment("labels.txt", b"a\nb"),),
    )
    for part in _cut(model).parts:
        assert [entry.name for entry in part.model.metadata] == ["min_runtime_version"]
        assert part.model.attachments == ()
        assert part.model.signatures == ()


def test_the_post_processing_of_a_detector_is_stripped() -> None:
    model = npufit.load(find_model("ssd_mobilenet_v1_coco_quant.tflite"))
    found = _cut(model)
    assert [part.unit for part in found.parts] == [Unit.NPU, Unit.CPU]
    assert "TFLite_Detection_PostProcess" not in [operator.name for operator in found.parts[0].model.main.operators]
    assert sum(len(part.operators) for part in found.parts) == len(model.main.operators)
    assert _prove(found, *seeded_inputs(model, 1)).difference == ""


def test_a_wrong_part_is_found() -> None:
    model = _framed()
    found = _cut(model)
    wrong = _cut(replace(model, subgraphs=(_with_other_bias(model).main,))).parts
    mixed = replace(found, parts=(found.parts[0], wrong[1], found.parts[2]))
    assert _prove(mixed, *seeded_inputs(model, 1)).difference.startswith("output ")
    values = run_parts(found.model, found.parts, random_inputs(model))
    assert values.keys() == set(model.main.outputs)


def _with_other_bias(model: Model) -> Model:
    from fitting.wrong_passes import shift_bias

    return shift_bias(model, 100_000)


def test_where_there_is_nothing_to_cut_it_is_said() -> None:
    net = Network()
    net.convolve(net.input(1, 8, 8, 16), 16)
    whole = net.model()
    with pytest.raises(InputError, match="no operators come before or after"):
        _cut(whole)
    net = Network()
    net.apply("ABS", (net.input(1, 8, 8, 16),), (1, 8, 8, 16))
    with pytest.raises(InputError, match="no operator is known to run on the NPU"):
        _cut(net.model())
    framed = _framed()
    with pytest.raises(InputError, match="no operator that writes"):
        _cut(framed, head=("t0",))
    last = str(framed.main.operators[-1].outputs[0])
    with pytest.raises(InputError, match="no operator is left"):
        _cut(framed, head=(last, str(framed.main.operators[-2].outputs[0])))


def test_state_does_not_cross_a_cut() -> None:
    model = _framed()
    tensors = list(model.main.tensors)
    state = model.main.operators[1].outputs[0]
    tensors[state] = replace(tensors[state], is_variable=True)
    operators = list(model.main.operators)
    operators[4] = replace(operators[4], type="MAXIMUM", inputs=(*operators[4].inputs, state))
    graph = replace(model.main, tensors=tuple(tensors), operators=tuple(operators))
    stateful = replace(model, subgraphs=(graph,))
    with pytest.raises(InputError, match="both sides of the cut"):
        divide(stateful, check(model, _25_3).placement)


def test_values_that_are_refused_by_the_whole_model_are_left_out() -> None:
    model = _framed()
    found = _cut(model)
    broken = replace(seeded_inputs(model, 1)[0], values={model.main.inputs[0]: np.zeros((1, 2), np.int8)})
    assert _prove(found, broken, *seeded_inputs(model, 1)).inputs == 1
    with pytest.raises(InputError, match="cannot be proven"):
        _prove(found, broken)
