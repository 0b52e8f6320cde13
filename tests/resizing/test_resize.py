"""npufit resize: shapes and the constants that follow from them, or the operator that forbids another size."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import HALF, INT32, Network
from npufit.errors import InputError
from npufit.execution import Reference
from npufit.graph import (
    NOT_QUANTIZED,
    AddOptions,
    Buffer,
    ConcatenationOptions,
    FullyConnectedOptions,
    Metadata,
    Model,
    OtherOptions,
    PackOptions,
    Padding,
    ReshapeOptions,
    ResizeNearestNeighborOptions,
    StridedSliceOptions,
    constant_values,
)
from npufit.report.document import published_schema
from npufit.rewrite.resolution import Resized, image_input, parse_size, resize_image, resize_inputs
from npufit.rewrite.resolution.dimensions import dimension, new_size, old_size, reshape
from npufit.tflite import parse_model, read_model, serialize_model
from npufit.zoo import build, describe_structure, parse_spec, structure_differences
from real_files import find_model
from rewrite.rewriting import kinds

SAME = Padding.SAME


@functools.cache
def zoo(name: str) -> Model:
    """Return a network of the zoo."""
    return build(parse_spec(name))


def run(model: Model) -> dict[int, Any]:
    """Load a model in the reference kernels and run it on zeros; every shape is what the model says."""
    graph = model.main
    inputs = {
        index: np.zeros(graph.tensors[index].shape or (), graph.tensors[index].element.value) for index in graph.inputs
    }
    found = Reference(model).run(inputs)
    for index, values in found.items():
        assert values.shape == graph.tensors[index].shape, graph.tensors[index].name
    return found


@pytest.mark.parametrize(
    ("network", "before", "after"),
    [
        ("mobilenet_v2", "224", "320"), ("mobilenet_v2", "224", "200"), ("mobilenet_v2", "224", "160x256"),
        ("resnet50_v2", "224", "320"), ("mobilenet_v1", "224", "192"), ("inception_v1", "224", "320"),
        ("mobilenet_v3_large", "224", "200"), ("efficientnet_lite0", "224", "320"), ("deeplab_v3", "513", "321"),
        ("centernet", "512", "320"), ("yolov4_tiny", "416", "320"),
    ],
)  # fmt: skip
def test_the_result_is_the_network_of_that_size(network: str, before: str, after: str) -> None:
    resized = resize_image(zoo(f"{network}@{before},int8"), parse_size(after)).model
    wanted = describe_structure(build(parse_spec(f"{network}@{after},int8")))
    assert structure_differences(describe_structure(resized), wanted) == []


def test_the_result_runs_and_shares_its_weights() -> None:
    model = zoo("mobilenet_v2@96,int8")
    resized = resize_image(model, (160, 128))
    assert resized.inputs == ((image_input(model), (1, 96, 96, 3), (1, 160, 128, 3)),)
    assert resized.constants == 0
    run(parse_model(serialize_model(resized.model), "again"))


def test_there_and_back_is_the_same_network() -> None:
    model = zoo("deeplab_v3@65,uint8")
    there = resize_image(model, (129, 97)).model
    assert structure_differences(describe_structure(there), describe_structure(model))
    again = resize_image(there, (65, 65)).model
    assert structure_differences(describe_structure(again), describe_structure(model)) == []


def test_the_same_size_changes_nothing() -> None:
    model = zoo("mobilenet_v1@128,uint8")
    resized = resize_image(model, (128, 128))
    assert serialize_model(resized.model) == serialize_model(model)
    assert resized.notes == ()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("ssd_mobilenet_v1@300,uint8", r"operator \d+ \(TFLite_Detection_PostProcess\): .* its 1917 anchors"),
        ("yolov8n@320,int8", r"operator \d+ \(MUL\): .* has a value for each position of the old size"),
    ],
)
def test_what_forbids_another_size_is_named(name: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        resize_image(zoo(name), (256, 256))


# Single operators: each of these networks has an input of 16x16.


def resized(net: Network, size: tuple[int, int] = (24, 20), *outputs: int) -> Resized:
    """Return the network at another size, having run it there."""
    result = resize_image(net.model(*outputs), size)
    run(result.model)
    return result


def output_shape(result: Resized) -> tuple[int, ...]:
    """Return the shape of the first output."""
    graph = result.model.main
    return graph.tensors[graph.outputs[0]].shape or ()


def test_rows_and_columns_may_be_merged_and_taken_apart() -> None:
    net = Network()
    first = net.input(1, 16, 16, 6)
    flat = net.apply("RESHAPE", (first, net.constant([1, 768, 2])), (1, 768, 2), ReshapeOptions((1, 768, 2)))
    net.apply("RESHAPE", (flat, net.constant([1, 16, 16, 2, 3])), (1, 16, 16, 2, 3))
    result = resized(net)
    assert output_shape(result) == (1, 24, 20, 2, 3)
    assert result.model.main.operators[0].options == ReshapeOptions((1, 24 * 20 * 3, 2))
    assert result.constants == 2


def test_minus_one_in_a_reshape_stays() -> None:
    net = Network()
    net.apply("RESHAPE", (net.input(1, 16, 16, 3), net.constant([1, -1, 3])), (1, 256, 3))
    result = resized(net)
    assert output_shape(result) == (1, 480, 3)
    assert constant_values(result.model.main.tensors[1]) == (1, -1, 3)


def test_a_reshape_that_mixes_places_is_refused() -> None:
    net = Network()
    net.apply("RESHAPE", (net.input(1, 16, 16, 3), net.constant([1, 32, 24])), (1, 32, 24))
    with pytest.raises(
        InputError,
        match=r"operator 0 \(RESHAPE\): cannot be resized: nothing shows what \[1, 32, "
        r"24\]",
    ):
        resize_image(net.model(), (24, 20))


def test_a_matrix_on_a_flattened_map_is_refused() -> None:
    net = Network()
    flat = net.apply("RESHAPE", (net.input(1, 16, 16, 2), net.constant([1, 512])), (1, 512))
    weights = net.random(4, 512, quantization=HALF)
    net.apply("FULLY_CONNECTED", (flat, weights), (1, 4), FullyConnectedOptions(), version=4)
    with pytest.raises(InputError, match=r"operator 1 \(FULLY_CONNECTED\): .* made for 512 values"):
        resize_image(net.model(), (24, 20))


def test_a_matrix_on_channels_alone_goes_along() -> None:
    net = Network()
    flat = net.apply("RESHAPE", (net.input(1, 16, 16, 2), net.constant([256, 2])), (256, 2))
    weights = net.random(4, 2, quantization=HALF)
    net.apply("FULLY_CONNECTED", (flat, weights), (256, 4), FullyConnectedOptions(), version=4)
    assert output_shape(resized(net)) == (480, 4)


def test_a_constant_with_a_value_for_each_place_is_refused() -> None:
    net = Network()
    positions = net.random(1, 16, 16, 1, quantization=HALF)
    net.apply("ADD", (net.input(1, 16, 16, 2), positions), (1, 16, 16, 2), AddOptions())
    with pytest.raises(InputError, match=r"operator 0 \(ADD\): .* position embedding"):
        resize_image(net.model(), (24, 20))


def test_slices_to_the_end_follow_and_others_are_refused() -> None:
    net = Network()
    bounds = (net.constant([0, 1, 0, 0]), net.constant([1, 15, 16, 2]))
    net.apply("SLICE", (net.input(1, 16, 16, 2), *bounds), (1, 15, 16, 2))
    assert output_shape(resized(net)) == (1, 23, 20, 2)
    net = Network()
    bounds = (net.constant([0, 1, 0, 0]), net.constant([1, 14, 16, 2]))
    net.apply("SLICE", (net.input(1, 16, 16, 2), *bounds), (1, 14, 16, 2))
    with pytest.raises(InputError, match=r"operator 0 \(SLICE\): .* takes 14 of 16 positions"):
        resize_image(net.model(), (24, 20))


def test_every_second_place_follows() -> None:
    net = Network()
    bounds = [net.constant(one) for one in ([0, 1, 0, 0], [1, 16, 16, 2], [1, 2, 1, 1])]
    net.apply("STRIDED_SLICE", (net.input(1, 16, 16, 2), *bounds), (1, 8, 16, 2), StridedSliceOptions())
    assert output_shape(resized(net)) == (1, 12, 20, 2)


def test_upsampling_goes_to_the_map_that_it_meets() -> None:
    """At 13 rows the map of half the size has 7, and twice 7 would not meet the shortcut."""
    net = Network()
    first = net.convolve(net.input(1, 16, 16, 2), 2, 1)
    half = net.convolve(first, 2, 3, 2, padding=SAME)
    large = net.apply(
        "RESIZE_NEAREST_NEIGHBOR", (half, net.constant([16, 16])), (1, 16, 16, 2), ResizeNearestNeighborOptions()
    )
    net.apply("CONCATENATION", (first, large), (1, 16, 16, 4), ConcatenationOptions(3))
    assert output_shape(resized(net, (13, 24))) == (1, 13, 24, 4)


def test_upsampling_alone_keeps_its_factor() -> None:
    net = Network()
    first = net.input(1, 16, 16, 2)
    net.apply(
        "RESIZE_NEAREST_NEIGHBOR", (first, net.constant([48, 32])), (1, 48, 32, 2), ResizeNearestNeighborOptions()
    )
    assert output_shape(resized(net)) == (1, 72, 40, 2)


def test_a_pool_over_the_whole_map_stays_one() -> None:
    net = Network()
    net.pool(net.input(1, 16, 16, 2), 16, 1, kind="AVERAGE_POOL_2D")
    result = resized(net)
    assert output_shape(result) == (1, 1, 1, 2)
    assert "its window of 16x16 becomes 24x20" in result.notes[0]


def test_keras_pads_by_parity_and_others_do_not() -> None:
    def padded(first: tuple[int, int]) -> Network:
        net = Network()
        net.convolve(net.pad(net.input(1, 16, 16, 2), *first, *first), 2, 3, 2)
        return net

    assert output_shape(resized(padded((0, 1)), (15, 16))) == (1, 8, 8, 2)
    assert output_shape(resized(padded((1, 1)), (15, 16))) == (1, 8, 8, 2)
    result = resize_image(padded((0, 1)).model(), (15, 15))
    assert constant_values(result.model.main.tensors[1]) == (0, 0, 1, 1, 1, 1, 0, 0)
    result = resize_image(padded((1, 1)).model(), (15, 15))
    assert constant_values(result.model.main.tensors[1]) == (0, 0, 1, 1, 1, 1, 0, 0)
    assert result.notes == ()


def test_a_shape_that_is_packed_at_run_time_follows() -> None:
    """Keras writes a dynamic batch so: the batch is computed, rows and columns are constants in a PACK."""
    net = Network()
    first = net.input(1, 16, 16, 2)
    shape = net.apply("SHAPE", (first,), (4,), OtherOptions("ShapeOptions", (("out_type", 2),)), element=INT32,
                      quantization=NOT_QUANTIZED)  # fmt: skip
    bounds = [net.constant([one]) for one in (0, 1, 1)]
    batch = net.apply("STRIDED_SLICE", (shape, *bounds), (), StridedSliceOptions(shrink_axis_mask=1), element=INT32,
                      quantization=NOT_QUANTIZED, version=1)  # fmt: skip
    sizes = [net.constant(np.array(one, np.int32)) for one in (256, 2)]
    packed = net.apply("PACK", (batch, *sizes), (3,), PackOptions(3, 0), element=INT32, quantization=NOT_QUANTIZED)
    net.apply("RESHAPE", (first, packed), (1, 256, 2))
    assert output_shape(resized(net)) == (1, 480, 2)


def test_maps_that_no_longer_meet_are_named() -> None:
    net = Network()
    first = net.input(1, 16, 16, 2)
    half = net.convolve(first, 2, 3, 2, padding=SAME)
    depth = OtherOptions("DepthToSpaceOptions", (("block_size", 2),))
    large = net.apply("DEPTH_TO_SPACE", (net.convolve(half, 8, 1),), (1, 16, 16, 2), depth, version=1)
    net.apply("ADD", (first, large), (1, 16, 16, 2), AddOptions())
    with pytest.raises(InputError, match=r"operator 3 \(ADD\): .*\[1, 13, 16, 2\] and \[1, 14, 16, 2\] would meet"):
        resize_image(net.model(), (13, 16))


def test_a_map_that_vanishes_is_named() -> None:
    net = Network()
    net.convolve(net.convolve(net.input(1, 16, 16, 2), 2, 5), 2, 5)
    with pytest.raises(InputError, match=r"operator 1 \(CONV_2D\): .* too small"):
        resize_image(net.model(), (8, 16))


def test_a_constant_that_two_share_changes_for_one_alone() -> None:
    net = Network()
    whole = net.constant([1, 256, 2])
    first = net.input(1, 16, 16, 2)
    net.apply("RESHAPE", (first, whole), (1, 256, 2))
    other = net.apply("RESHAPE", (net.input(1, 512), whole), (1, 256, 2))
    model = net.model(len(net.tensors) - 3, other)
    result = resize_inputs(model, {model.main.tensors[first].name: (24, 20)})
    run(result.model)
    assert [result.model.main.tensors[index].shape for index in result.model.main.outputs] == [(1, 480, 2), (1, 256, 2)]


def test_signatures_and_metadata_stay_where_they_are_true() -> None:
    net = Network()
    net.convolve(net.input(1, 16, 16, 2), 2)
    model = net.model()
    plan = Metadata("OfflineMemoryAllocation", Buffer(b"offsets"))
    result = resize_inputs(replace(model, metadata=(*model.metadata, plan)), {"in0": (20, 20)})
    assert result.model.metadata == model.metadata
    assert result.model.signatures == model.signatures
    assert any("OfflineMemoryAllocation is dropped" in note for note in result.notes)


def test_a_size_that_the_file_leaves_open_stays_open() -> None:
    net = Network()
    net.convolve(net.input(1, 16, 16, 2), 2)
    net.tensors[0] = replace(net.tensors[0], shape_signature=(-1, 16, 16, 2))
    result = resized(net)
    assert result.model.main.tensors[0].shape_signature == (-1, 24, 20, 2)


@pytest.mark.parametrize("text", ["", "x", "320x", "0", "-3", "1e3", "99999", "3x4x5"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a size"):
        parse_size(text)


def test_inputs_are_named() -> None:
    net = Network()
    net.apply("ADD", (net.input(1, 16, 16, 2), net.input(1, 16, 16, 2)), (1, 16, 16, 2), AddOptions())
    model = net.model()
    with pytest.raises(InputError, match=r"several inputs have rows and columns: t0, t1"):
        resize_image(model, (8, 8))
    with pytest.raises(InputError, match="no input 'image'"):
        resize_inputs(model, {"image": (8, 8)})
    both = resize_inputs(model, {"in0": (8, 8), "t1": (8, 8)})
    assert kinds(both.model) == ["ADD"]
    run(both.model)


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=5), st.data())
def test_reshaped_dimensions_keep_the_number_of_elements(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    sizes = [dimension(old, new) for old, new in pairs if old > 1 or new == 1]
    cut = data.draw(st.integers(0, len(sizes)))
    merged = tuple(factor for one in sizes[:cut] for factor in one)
    shape = [old_size(merged), *(old_size(one) for one in sizes[cut:])]
    found = reshape(sizes, shape)
    assert found is not None
    assert [old_size(one) for one in found] == shape
    assert [new_size(one) for one in found] == [new_size(merged), *(new_size(one) for one in sizes[cut:])]
    again = reshape(found, [old_size(one) for one in sizes])
    assert again is not None
    assert [new_size(one) for one in again] == [new_size(one) for one in sizes]


# Real files.


@pytest.mark.parametrize(
    "name", ["keras_mobilenet_v2_224_int8_per_channel", "mobilenet_v2_1.0_224_quant", "fastestdet_shufflenetv2"]
)
def test_real_files_run_at_another_size(name: str) -> None:
    run(resize_image(read_model(find_model(f"{name}.tflite")), (320, 320)).model)


# The command.


def npufit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "npufit", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_command_writes_and_never_overwrites(tmp_path: Path) -> None:
    command = "resize", "zoo:mobilenet_v1@128,uint8", "--input", "160x96", "-o", "out.tflite"
    done = npufit(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert "1x160x96x3" in done.stdout
    assert "Written to out.tflite" in done.stdout
    model = read_model(tmp_path / "out.tflite")
    assert model.main.tensors[model.main.inputs[0]].shape == (1, 160, 96, 3)
    again = npufit(tmp_path, *command)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert npufit(tmp_path, *command, "--force").returncode == 0
    own = npufit(tmp_path, "resize", "out.tflite", "--input", "128", "-o", "out.tflite", "--force")
    assert own.returncode == 2
    assert "the MODEL itself" in own.stderr


def test_the_command_prints_json(tmp_path: Path) -> None:
    done = npufit(tmp_path, "resize", "zoo:deeplab_v3@65", "--input", "97", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(published_schema("resize")))
    assert document["outputs"][0]["after"] == [1, 97, 97, 21]
    assert document["written"] is None
    assert list(tmp_path.iterdir()) == []


def test_the_command_names_the_operator(tmp_path: Path) -> None:
    done = npufit(tmp_path, "resize", "zoo:ssd_mobilenet_v1@300,uint8", "--input", "320", "-o", "out.tflite")
    assert done.returncode == 2
    assert "TFLite_Detection_PostProcess" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.tflite").exists()
