"""fix-batch: open sizes are closed, and the arithmetic on shapes goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from networks import INT32, Network
from npufit.graph import NOT_QUANTIZED, Model, OtherOptions, PackOptions, StridedSliceOptions
from npufit.rewrite import Context
from npufit.rewrite.passes.batch import FixBatch
from rewrite.rewriting import assert_same_answers, hazards, kinds, on, read, rewrite

_WHOLE = OtherOptions("ShapeOptions", (("out_type", 2),))


def _flattening(batch: int = 1) -> Model:
    """Return what Keras makes of a Flatten with a dynamic batch: the file says [1, 1] for what is [1, 144]."""
    net = Network()
    first = net.convolve(net.input(batch, 8, 8, 4))
    whole = net.apply("SHAPE", (first,), (4,), _WHOLE, element=INT32, quantization=NOT_QUANTIZED)
    cut = [net.constant(values) for values in ([0], [1], [1])]
    options = StridedSliceOptions(shrink_axis_mask=1)
    size = net.apply("STRIDED_SLICE", (whole, *cut), (), options, element=INT32, quantization=NOT_QUANTIZED, version=1)
    rest = net.constant(np.array(144, np.int32))
    shape = net.apply("PACK", (size, rest), (2,), PackOptions(2), element=INT32, quantization=NOT_QUANTIZED)
    net.apply("RESHAPE", (first, shape), (1, 1))
    model = net.model()
    tensors = list(model.main.tensors)
    for index, signature in ((0, (-1, 8, 8, 4)), (first, (-1, 6, 6, 4)), (len(tensors) - 1, (-1, -1))):
        tensors[index] = replace(tensors[index], shape_signature=signature)
    return replace(model, subgraphs=(replace(model.main, tensors=tuple(tensors)),))


def test_shape_arithmetic_becomes_a_constant_and_sizes_are_fixed() -> None:
    model = _flattening()
    after = rewrite(FixBatch(), model).model
    assert kinds(after) == ["CONV_2D", "RESHAPE"]
    assert not any(tensor.is_dynamic for tensor in after.main.tensors)
    assert after.main.tensors[after.main.outputs[0]].shape == (1, 144)
    assert_same_answers(FixBatch(), model, after)
    assert FixBatch().rewrite(after, Context()) is None


def test_what_the_network_lost_is_said() -> None:
    assert any("only the batch of its file" in note for note in rewrite(FixBatch(), _flattening()).notes)


def test_a_network_without_open_sizes_is_left_alone() -> None:
    net = Network()
    net.convolve(net.input(1, 8, 8, 4))
    assert FixBatch().rewrite(net.model(), Context()) is None


def test_shapes_that_depend_on_values_stay_open() -> None:
    net = Network()
    chosen = net.apply("WHERE", (net.input(4, element=INT32),), (1, 1), element=INT32, version=1)
    size = net.apply("SHAPE", (chosen,), (2,), _WHOLE, element=INT32, quantization=NOT_QUANTIZED)
    model = net.model(size)
    tensors = list(model.main.tensors)
    tensors[chosen] = replace(tensors[chosen], shape_signature=(-1, 1))
    model = replace(model, subgraphs=(replace(model.main, tensors=tuple(tensors)),))
    assert FixBatch().rewrite(model, Context()) is None


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("keras_inception_v1_224_int8_per_channel_io_int8", 3),
        ("keras_mobilenet_v2_224_int8_per_channel", 0),
        ("keras_mobilenet_v3_small_224_int8_per_channel_io_int8", 0),
        ("kws_ref_model", 0),
        ("ad01_int8", 0),
    ],
)
def test_the_batches_of_real_networks(name: str, gone: int) -> None:
    model = read(name)
    after = rewrite(FixBatch(), model).model
    assert len(kinds(model)) - len(kinds(after)) == gone
    assert not any(tensor.is_dynamic for tensor in after.main.tensors)
    assert_same_answers(FixBatch(), model, after, randoms=1)


def test_a_reshape_with_a_computed_shape_is_no_hazard_afterwards() -> None:
    model = read("keras_inception_v1_224_int8_per_channel_io_int8")
    assert "teflon.operand-read-early" in hazards(model, "26.2")
    after = rewrite(FixBatch(), model, on(model, "26.2")).model
    assert "teflon.operand-read-early" not in hazards(after, "26.2")
