"""The passes against what the VX delegate does wrong: vector-gather, and cases of others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from networks import Network, quantized
from npufit.graph import Activation, GatherOptions, Model, ReshapeOptions, TransposeConvOptions
from npufit.rewrite import Context
from npufit.rewrite.passes.activations import UnfuseActivations
from npufit.rewrite.passes.batch import FixBatch
from npufit.rewrite.passes.gathering import VectorGather
from npufit.rewrite.passes.padding import FoldPad
from npufit.stacks import Placement, PlaceOptions, Target, load_stack
from rewrite.rewriting import assert_same_answers, kinds, read, rewrite

_TARGET = Target("imx8mp", "vx", "lf-6.6.36")


def _place(model: Model) -> Placement:
    return load_stack("vx").place(model, _TARGET, PlaceOptions())


def _on_vx(model: Model) -> Context:
    return Context(_TARGET, _place(model))


def _hazards(model: Model) -> list[str]:
    return [hazard.rule.id for hazard in _place(model).hazards]


def _shuffle(axis: int, *, scalar: bool = True) -> Model:
    """Return a GATHER of one element of a 2x3x4 tensor along an axis, and a TRANSPOSE of what is left."""
    net = Network()
    source = net.input(2, 3, 4)
    which = net.constant(np.array(1 if scalar else [1], np.int32))
    shape = [size for place, size in enumerate((2, 3, 4)) if place != axis % 3]
    if not scalar:
        shape.insert(axis % 3, 1)
    found = net.apply("GATHER", (source, which), shape, GatherOptions(axis))
    order = net.constant(np.arange(len(shape), dtype=np.int32)[::-1].copy())
    net.apply("TRANSPOSE", (found, order), shape[::-1])
    return net.model()


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_a_vector_of_one_and_a_reshape_take_the_place_of_a_scalar(axis: int) -> None:
    model = _shuffle(axis)
    assert _hazards(model) == ["vx.scalar-gather"]
    after = rewrite(VectorGather(), model, _on_vx(model)).model
    assert kinds(after) == ["GATHER", "RESHAPE", "TRANSPOSE"]
    assert _hazards(after) == []
    assert len(_place(after).partitions) == 1
    assert_same_answers(VectorGather(), model, after)


def test_what_is_no_hazard_stays() -> None:
    model = _shuffle(0, scalar=False)
    assert VectorGather().rewrite(model, _on_vx(model)) is None
    assert VectorGather().rewrite(_shuffle(0), Context()) is None


def test_all_shuffles_of_a_shufflenet_are_rewritten() -> None:
    model = read("fastestdet_shufflenetv2")
    assert _hazards(model) == ["vx.scalar-gather"] * 26
    after = rewrite(VectorGather(), model, _on_vx(model)).model
    assert _hazards(after) == []
    assert len(_place(after).partitions) == 1


def test_a_pad_that_may_fill_in_another_value_is_folded_into_a_larger_kernel() -> None:
    net = Network()
    source = net.input(1, 8, 8, 4, quantization=quantized(0.05, -100))
    net.convolve(net.pad(source, 1, 1, 1, 1), 8, 3, 2)
    model = net.model()
    assert _hazards(model) == ["vx.pad-zero-point"]
    after = rewrite(FoldPad(), model, _on_vx(model)).model
    assert (kinds(after), _hazards(after)) == (["CONV_2D"], [])
    assert_same_answers(FoldPad(), model, after)


def test_the_activation_that_a_transposed_convolution_would_lose_becomes_an_operator() -> None:
    net = Network()
    shape = net.constant(np.array([1, 8, 8, 2], np.int32))
    weights = net.random(2, 2, 2, 4, quantization=quantized(0.02))
    options = TransposeConvOptions(stride_w=2, stride_h=2, fused_activation_function=Activation.RELU)
    inputs = (shape, weights, net.input(1, 4, 4, 4))
    net.apply("TRANSPOSE_CONV", inputs, (1, 8, 8, 2), options, quantization=quantized(0.05, 0), version=4)
    model = net.model()
    assert _hazards(model) == ["vx.transpose-conv-activation"]
    after = rewrite(UnfuseActivations(), model, _on_vx(model)).model
    assert (kinds(after), _hazards(after)) == (["TRANSPOSE_CONV", "RELU"], [])


def test_fix_batch_writes_the_shapes_that_a_delegate_misses_in_the_file() -> None:
    net = Network()
    shape = net.constant(np.array([8], np.int32))
    net.apply("RESHAPE", (net.input(2, 4), shape), (8,), ReshapeOptions((8,)))
    whole = net.model()
    last = len(whole.main.tensors) - 1
    tensors = [*whole.main.tensors]
    tensors[last] = replace(tensors[last], shape_is_inferred=True)
    model = replace(whole, subgraphs=(replace(whole.main, tensors=tuple(tensors)),))
    assert _place(model).operators[0].finding is not None
    after = rewrite(FixBatch(), model, _on_vx(model)).model
    assert _place(after).operators[0].finding is None
