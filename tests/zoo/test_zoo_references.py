"""Networks of the zoo equal the real files of the same networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers  # pyright: ignore[reportMissingTypeStubs]
from references import SPECS, Reference, read_record

from npufit.graph import Model, Operator, measure_work
from npufit.tflite import parse_model, read_model, serialize_model
from npufit.zoo import build, describe_structure, parse_spec, structure_differences
from npufit.zoo.anchors import ssd_anchors
from real_files import find_model

SQUARES = tuple((side, side) for side in (19, 10, 5, 3, 2, 1))
RECORDED = [pytest.param(reference, id=reference.file) for reference in read_record()]


@pytest.mark.parametrize("reference", RECORDED)
def test_structure_equals_the_record(reference: Reference) -> None:
    structure = describe_structure(build(parse_spec(reference.spec)))
    assert structure.operator_counts == reference.operators
    assert structure.digest == reference.digest


@pytest.mark.parametrize("file", SPECS)
def test_structure_equals_the_file(file: str) -> None:
    expected = describe_structure(read_model(find_model(f"{file}.tflite")))
    assert structure_differences(describe_structure(build(parse_spec(SPECS[file]))), expected) == []


@pytest.mark.parametrize("reference", RECORDED)
def test_the_record_is_that_of_the_file(reference: Reference) -> None:
    structure = describe_structure(read_model(find_model(f"{reference.file}.tflite")))
    assert (structure.digest, structure.operator_counts) == (reference.digest, reference.operators)


@pytest.mark.parametrize("name", ["mobilenet_v2@64,int8", "ssd_mobilenet_v2@96,uint8", "inception_v1@64,float32"])
def test_structure_survives_the_file(name: str) -> None:
    model = build(parse_spec(name))
    assert describe_structure(parse_model(serialize_model(model), "read back")) == describe_structure(model)


@pytest.mark.parametrize(
    ("name", "operators", "pads"),
    [
        ("mobilenet_v2,io=int8", 69, ("block_1_pad", "block_3_pad", "block_6_pad", "block_13_pad")),
        ("mobilenet_v2@320", 71, ("block_1_pad", "block_3_pad", "block_6_pad", "block_13_pad")),
        ("mobilenet_v2,io=int8,pad=folded", 65, ()),
        ("mobilenet_v2,pad=folded", 67, ()),
        (
            "resnet50_v2,io=int8,pad=folded",
            115,
            ("conv1_pad", "pool1_pad", "conv2_block3_2_pad", "conv3_block4_2_pad", "conv4_block6_2_pad"),
        ),
    ],
)
def test_padding_operators_are_those_of_the_converters(name: str, operators: int, pads: tuple[str, ...]) -> None:
    graph = build(parse_spec(name)).main
    assert len(graph.operators) == operators
    found = [graph.operator_name(operator).split("/")[1] for operator in graph.operators if operator.type == "PAD"]
    assert found == list(pads)


def test_resnet50_v2_has_the_operators_of_keras() -> None:
    counts = describe_structure(build(parse_spec("resnet50_v2,io=int8"))).operator_counts
    assert counts == {
        "CONV_2D": 53, "ADD": 33, "PAD": 18, "MUL": 17, "MAX_POOL_2D": 4, "MEAN": 1, "FULLY_CONNECTED": 1, "SOFTMAX": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "mega_macs"),
    [
        ("mobilenet_v1", 568.7),
        ("mobilenet_v2", 300.8),
        ("mobilenet_v2@320", 612.5),
        ("resnet50_v2", 3480),
        ("inception_v1", 1500),
        ("inception_v2", 1940),
        ("blazeface", 30.8),
        ("face_mesh", 35.0),
        ("iris_landmark", 53.7),
    ],
)
def test_work_is_that_of_the_published_networks(name: str, mega_macs: float) -> None:
    graph = build(parse_spec(name)).main
    found = sum(measure_work(graph, operator).macs for operator in graph.operators) / 1e6
    assert found == pytest.approx(mega_macs, rel=0.01)


def test_detection_has_1917_anchors_at_300() -> None:
    assert ssd_anchors(SQUARES).shape == (1917, 4)


def test_anchors_equal_those_of_the_real_file() -> None:
    graph = read_model(find_model("ssd_mobilenet_v1_coco_quant.tflite")).main
    tensor = graph.tensors[_postprocess(graph.operators).inputs[2]]
    expected = np.frombuffer(tensor.buffer.data, np.uint8).reshape(-1, 4) * tensor.quantization.scale
    # The file's anchors are rounded to steps, and end at 255 of them.
    found = np.minimum(ssd_anchors(SQUARES), expected.max())
    np.testing.assert_allclose(found, expected, atol=0.51 * tensor.quantization.scale)


def test_postprocessing_has_the_options_of_the_real_file() -> None:
    expected = _options(read_model(find_model("ssd_mobilenet_v1_coco_quant.tflite")))
    assert _options(build(parse_spec("ssd_mobilenet_v1,uint8"))) == pytest.approx(expected)


def test_postprocessing_stays_float_outside_of_quantization_aware_training() -> None:
    options = _options(build(parse_spec("ssd_mobilenet_v2,int8")))
    assert options["use_regular_nms"] is False
    assert "_output_quantized" not in options


def _postprocess(operators: tuple[Operator, ...]) -> Operator:
    return next(operator for operator in operators if operator.name == "TFLite_Detection_PostProcess")


def _options(model: Model) -> dict[str, Any]:
    untyped: Any = flexbuffers
    return untyped.Loads(_postprocess(model.main.operators).custom_options)
