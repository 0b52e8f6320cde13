"""substitute: what stands for what, on the target, and how far it is off."""

from __future__ import annotations

import numpy as np
import pytest
from measured_difference import largest_steps, measure, with_outputs

from networks import INT8, UINT8, Network, quantized
from npufit.errors import InputError
from npufit.execution import random_inputs
from npufit.graph import (
    Activation,
    AddOptions,
    ElementType,
    FullyConnectedOptions,
    LeakyReluOptions,
    Model,
    MulOptions,
    Options,
    Padding,
    Pool2DOptions,
    Quantization,
    ReducerOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    SubOptions,
)
from npufit.rewrite import Context
from npufit.rewrite.passes.activations import UnfuseActivations
from npufit.rewrite.passes.substitutes import Substitute
from rewrite.rewriting import hazards, kinds, on, on_npu, place, read, rewrite

_SMALL = quantized(0.03, 5)


def _assert_substituted(
    model: Model, version: str, wanted: list[str], steps: float, pass_: Substitute | None = None
) -> Model:
    """Check that the target takes what `model` becomes, that it is `wanted`, and that it is at most `steps` off."""
    pass_ = pass_ or Substitute()
    rewritten = rewrite(pass_, model, on(model, version))
    after = rewritten.model
    assert kinds(after) == wanted
    free = kinds(after).count("RESHAPE")
    assert on_npu(after, version) >= len(after.main.operators) - free
    assert hazards(after, version) == []
    assert largest_steps(pass_, model, after) <= steps
    assert len(rewritten.notes) == len(rewritten.sites)
    assert all("alone it" in note for note in rewritten.notes)
    return after


@pytest.mark.parametrize("depthwise", [True, False])
@pytest.mark.parametrize("element", [UINT8, INT8])
def test_dilated_kernels_are_written_out(element: ElementType, depthwise: bool) -> None:
    net = Network(element)
    middle = 128 if element is UINT8 else 0
    first = net.input(1, 12, 12, 4, quantization=quantized(0.03, middle + 3))
    net.convolve(first, None if depthwise else 6, dilation=3, depthwise=depthwise, padding=Padding.SAME)
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    after = _assert_substituted(net.model(), "26.1", [kind], 0)
    assert (after.main.tensors[after.main.operators[0].inputs[1]].shape or ())[1:3] == (7, 7)


@pytest.mark.parametrize(
    ("kernel", "stride", "version"), [(4, 4, "26.1"), (6, 6, "26.1"), (9, 4, "25.3"), (5, 6, "main")]
)
def test_large_strides_fold_pixels_into_channels(kernel: int, stride: int, version: str) -> None:
    net = Network()
    size = kernel + 3 * stride + 1
    net.convolve(net.input(1, size + size % 2, size + size % 2, 3, quantization=_SMALL), 8, kernel, stride)
    _assert_substituted(net.model(), version, ["CONV_2D", "CONV_2D"], 0)


def _resize(before: tuple[int, int], after: tuple[int, int], options: Options, kind: str = "RESIZE_BILINEAR") -> Model:
    net = Network(UINT8)
    first = net.input(1, *before, 3, quantization=quantized(0.03, 100))
    inputs = (first, net.constant(list(after)))
    net.apply(kind, inputs, (1, *after, 3), options, quantization=quantized(0.03, 100))
    return net.model()


@pytest.mark.parametrize(("before", "count"), [((3, 5), 1), ((4, 7), 3)])
@pytest.mark.parametrize("convention", ["align_corners", "half_pixel_centers", "neither"])
def test_bilinear_by_a_power_of_two(before: tuple[int, int], count: int, convention: str) -> None:
    factor = 1 << count
    options = ResizeBilinearOptions(convention == "align_corners", convention == "half_pixel_centers")
    after = before[0] * factor, before[1] * factor
    wanted = ["RESIZE_NEAREST_NEIGHBOR", "AVERAGE_POOL_2D"] * count
    if convention == "align_corners":
        after = (before[0] - 1) * factor + 1, (before[1] - 1) * factor + 1
    if convention == "half_pixel_centers":
        wanted = ["RESIZE_NEAREST_NEIGHBOR"] * (count + 1) + ["AVERAGE_POOL_2D"]
    _assert_substituted(_resize(before, after, options), "25.3", wanted, 2)


@pytest.mark.parametrize("after", [(33, 33), (7, 20), (8, 8), (2, 1)])
def test_one_pixel_spreads_over_a_map(after: tuple[int, int]) -> None:
    model = _resize((1, 1), after, ResizeBilinearOptions(align_corners=True))
    rewritten = rewrite(Substitute(), model, on(model, "26.1"))
    assert on_npu(rewritten.model, "26.1") == len(rewritten.model.main.operators)
    assert largest_steps(Substitute(), model, rewritten.model) == 0


def test_a_bilinear_resize_to_the_same_size_and_one_by_three() -> None:
    options = ResizeBilinearOptions(align_corners=True)
    _assert_substituted(_resize((5, 6), (5, 6), options), "25.3", ["MAX_POOL_2D"], 0)
    model = _resize((4, 4), (12, 12), ResizeBilinearOptions())
    assert Substitute().rewrite(model, on(model, "25.3")) is None


def test_nearest_by_eight_is_three_doublings() -> None:
    kind = "RESIZE_NEAREST_NEIGHBOR"
    model = _resize((3, 4), (24, 32), ResizeNearestNeighborOptions(), kind)
    _assert_substituted(model, "26.1", [kind] * 3, 0)


@pytest.mark.parametrize("kind", ["MUL", "ADD", "SUB"])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("shape", [(), (4,), (1, 1, 4)])
def test_constants_per_channel_become_a_convolution(kind: str, is_first: bool, shape: tuple[int, ...]) -> None:
    net = Network()
    first = net.input(1, 6, 6, 4, quantization=quantized(0.03, 7))
    constant = net.constant(np.array([-90, 30, 77, 127][: max(1, sum(shape[-1:]))], np.int8).reshape(shape), _SMALL)
    inputs = (constant, first) if is_first else (first, constant)
    options = {"MUL": MulOptions(), "ADD": AddOptions(), "SUB": SubOptions()}[kind]
    net.apply(kind, inputs, (1, 6, 6, 4), options, quantization=quantized(0.05, 1))
    after = _assert_substituted(net.model(), "25.3", ["DEPTHWISE_CONV_2D"], 1)
    assert len(after.main.tensors[after.main.operators[0].inputs[1]].quantization.scales) == 1


def test_where_the_target_takes_it_the_constants_keep_their_precision() -> None:
    net = Network()
    first = net.input(1, 6, 6, 4, quantization=quantized(0.03, 7))
    constant = net.constant(np.array([1, 5, 20, 127], np.int8), quantized(0.01))
    net.apply("MUL", (first, constant), (1, 6, 6, 4), MulOptions(), quantization=quantized(0.03, 1))
    after = _assert_substituted(net.model(), "26.1", ["DEPTHWISE_CONV_2D"], 1)
    assert len(after.main.tensors[after.main.operators[0].inputs[1]].quantization.scales) == 4


def test_subtraction_of_maps_and_of_rows() -> None:
    net = Network()
    one, two = net.input(1, 6, 6, 4), net.input(1, 6, 6, 4, quantization=_SMALL)
    net.apply("SUB", (one, two), (1, 6, 6, 4), SubOptions(), quantization=quantized(0.08, 1))
    _assert_substituted(net.model(), "25.3", ["DEPTHWISE_CONV_2D", "ADD"], 1)
    net = Network()
    one, two = net.input(1, 6, 4), net.input(1, 6, 4, quantization=_SMALL)
    net.apply("SUB", (one, two), (1, 6, 4), SubOptions(), quantization=quantized(0.08, 1))
    _assert_substituted(net.model(), "26.2", ["MUL", "ADD"], 1)


def test_leaky_activations_and_absolute_values() -> None:
    net = Network()
    first = net.input(1, 6, 6, 4, quantization=_SMALL)
    net.apply("LEAKY_RELU", (first,), (1, 6, 6, 4), LeakyReluOptions(0.1), quantization=quantized(0.03, -60))
    _assert_substituted(net.model(), "25.3", ["DEPTHWISE_CONV_2D", "DEPTHWISE_CONV_2D", "ADD"], 2)
    net = Network()
    first = net.input(1, 6, 6, 4, quantization=_SMALL)
    alphas = net.constant(np.array([-40, 0, 60, 127], np.int8).reshape(1, 1, 4), quantized(1 / 127))
    net.apply("PRELU", (first, alphas), (1, 6, 6, 4), quantization=quantized(0.03, 10), version=1)
    _assert_substituted(net.model(), "26.1", ["DEPTHWISE_CONV_2D", "DEPTHWISE_CONV_2D", "ADD"], 2)
    net = Network()
    net.apply("ABS", (net.input(1, 6, 6, 4, quantization=_SMALL),), (1, 6, 6, 4), quantization=quantized(0.03, -128))
    _assert_substituted(net.model(), "25.3", ["DEPTHWISE_CONV_2D", "DEPTHWISE_CONV_2D", "ADD"], 2)


@pytest.mark.parametrize(("kind", "out"), [("RELU", quantized(0.02, -128)), ("RELU6", quantized(0.0235, -128))])
def test_activations_that_stand_alone(kind: str, out: Quantization) -> None:
    net = Network()
    net.apply(kind, (net.input(1, 6, 6, 4, quantization=_SMALL),), (1, 6, 6, 4), quantization=out)
    _assert_substituted(net.model(), "26.2", ["DEPTHWISE_CONV_2D"], 1)


@pytest.mark.parametrize("depth", [1, 4])
def test_a_rescaling(depth: int) -> None:
    net = Network()
    net.apply("QUANTIZE", (net.input(1, 6, 6, depth),), (1, 6, 6, depth), quantization=_SMALL)
    _assert_substituted(net.model(), "26.1", ["DEPTHWISE_CONV_2D" if depth > 1 else "CONV_2D"], 1)


def test_means() -> None:
    net = Network()
    inputs = (net.input(1, 9, 7, 4), net.constant([1, 2]))
    net.apply("MEAN", inputs, (1, 4), ReducerOptions(), quantization=_SMALL)
    _assert_substituted(net.model(), "26.1", ["DEPTHWISE_CONV_2D", "RESHAPE"], 1)
    not_square = on(net.model(), "25.3")  # whose depthwise kernels must be square
    assert Substitute().rewrite(net.model(), not_square) is None
    net = Network()
    net.pool(net.input(1, 9, 7, 4), 3, 2, kind="AVERAGE_POOL_2D")
    pass_ = Substitute(kinds=("average",))
    after = rewrite(pass_, net.model()).model
    assert kinds(after) == ["DEPTHWISE_CONV_2D"]
    assert largest_steps(pass_, net.model(), after) <= 1
    net = Network()
    net.pool(net.input(1, 9, 7, 4), 3, 2, kind="AVERAGE_POOL_2D", padding=Padding.SAME)
    assert isinstance(net.operators[0].options, Pool2DOptions)
    assert pass_.rewrite(net.model(), Context()) is None


@pytest.mark.parametrize(
    ("shape", "width", "wanted"),
    [
        ((1, 24), 24, ["RESHAPE", "CONV_2D", "RESHAPE"]),
        ((1, 2, 3, 4), 24, ["CONV_2D", "RESHAPE"]),
        ((1, 2, 3, 4), 4, ["RESHAPE", "CONV_2D", "RESHAPE"]),
    ],
)
@pytest.mark.parametrize("per_channel", [True, False])
def test_matrix_products(shape: tuple[int, ...], width: int, wanted: list[str], per_channel: bool) -> None:
    net = Network(seed=2)
    rows = int(np.prod(shape)) // width
    count = 5 if per_channel else 1
    scales = Quantization(tuple(float(np.float32(0.004 + 0.001 * place)) for place in range(count)), (0,) * count, 0)
    weights = net.random(5, width, quantization=scales)
    units = tuple(float(np.float32(0.05 * scale)) for scale in scales.scales)
    bias = net.constant(np.array([-900, 0, 100, 500, 2000], np.int32), Quantization(units, (0,) * count))
    inputs = (net.input(*shape), weights, bias)
    options = FullyConnectedOptions(Activation.RELU)
    net.apply("FULLY_CONNECTED", inputs, (rows, 5), options, quantization=quantized(0.06, -128), version=4)
    _assert_substituted(net.model(), "25.3", wanted, 2 if per_channel else 1)


def test_only_what_the_target_refuses_and_only_the_kinds_asked_for() -> None:
    net = Network()
    first = net.convolve(net.input(1, 8, 8, 4, quantization=_SMALL), 4, dilation=2, padding=Padding.SAME)
    net.apply("RELU", (first,), (1, 8, 8, 4), quantization=quantized(0.04, -128))
    model = net.model()
    after = rewrite(Substitute(kinds=("clamp",)), model, on(model, "26.1")).model
    assert kinds(after) == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    assert on_npu(after, "26.1") == 1
    net = Network()
    net.convolve(net.input(1, 8, 8, 4, quantization=_SMALL))
    assert Substitute().rewrite(net.model(), on(net.model(), "26.1")) is None
    with pytest.raises(InputError, match="there is no kind 'magic'"):
        Substitute(kinds=("magic",)).rewrite(model, Context())


def test_deeplab_leaves_the_npu_for_its_last_operator_only() -> None:
    model = read("deeplabv3_mnv2_dm05_pascal_quant")
    model = rewrite(UnfuseActivations(), model, on(model, "25.3")).model
    assert on_npu(model, "25.3") == 64
    after = rewrite(Substitute(), model, on(model, "25.3")).model
    assert hazards(after, "25.3") == []
    assert len(place(after, "25.3").partitions) == 1
    left = [kinds(after)[placed.id.index] for placed in place(after, "25.3").operators if placed.partition is None]
    assert left == ["ARG_MAX"]
    before = with_outputs(model, [model.main.operators[-1].inputs[0]])
    behind = with_outputs(after, [after.main.operators[-1].inputs[0]])
    (found,) = measure(Substitute(), before, behind, [random_inputs(model, 3)])
    assert (found.largest_steps or 0) <= 4
    assert found.cosine > 0.999
