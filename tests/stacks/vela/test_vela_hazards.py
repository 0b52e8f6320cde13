"""Each hazard of Vela on both sides of its condition: real Vela compiles, the simulator says who is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import npufit
from networks import Network, quantized
from npufit.errors import InputError
from npufit.fitting import FitOptions, fit
from npufit.graph import (
    Activation,
    AddOptions,
    ElementType,
    Model,
    OtherOptions,
    Padding,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
)
from npufit.rewrite import parse_pass
from npufit.running import RunOptions, run
from npufit.stacks import Evidence, PlaceOptions
from stacks.vela.on_vela import TARGET, place

UINT8, INT8, INT16, INT32, INT64 = (
    ElementType.UINT8,
    ElementType.INT8,
    ElementType.INT16,
    ElementType.INT32,
    ElementType.INT64,
)
_ZERO_POINTS = {UINT8: 120, INT8: -8, INT16: 0}
_ARG_MAX_TYPES = {INT32: 2, INT64: 4}


class _Network(Network):
    """A network with one input and operators that Vela translates wrongly somewhere."""

    def __init__(self, shape: Sequence[int], element: ElementType) -> None:
        super().__init__(element, quantization=quantized(0.1, _ZERO_POINTS[element]))
        self.image = self.input(*shape)

    def whole(self) -> Model:
        """Return the model; what no operator reads is an output."""
        return self.model(*self.unread())

    def shape(self, tensor: int) -> tuple[int, ...]:
        return self.tensors[tensor].shape or ()

    def transpose(self, tensor: int, order: Sequence[int]) -> int:
        own, inputs, options = self.tensors[tensor], (tensor, self.constant(order)), OtherOptions("TransposeOptions")
        shape = [self.shape(tensor)[axis] for axis in order]
        return self.apply("TRANSPOSE", inputs, shape, options, quantization=own.quantization, element=own.element)

    def requantize(self, tensor: int, element: ElementType) -> int:
        """Add a QUANTIZE to the same values in the other sign."""
        options, quantization = OtherOptions("QuantizeOptions"), quantized(0.1, _ZERO_POINTS[element])
        shape = self.shape(tensor)
        return self.apply("QUANTIZE", (tensor,), shape, options, quantization=quantization, element=element)

    def reshape(self, tensor: int, shape: Sequence[int]) -> int:
        return self.apply("RESHAPE", (tensor, self.constant(shape)), shape, ReshapeOptions(tuple(shape)))

    def sum(self, tensor: int, axes: Sequence[int], kind: str = "SUM") -> int:
        rank = len(self.shape(tensor))
        reduced = [axis % rank for axis in axes]
        shape = [1 if axis in reduced else size for axis, size in enumerate(self.shape(tensor))]
        return self.apply(kind, (tensor, self.constant(axes)), shape, ReducerOptions(keep_dims=True))

    def arg_max(self, tensor: int, element: ElementType) -> int:
        options = OtherOptions("ArgMaxOptions", (("output_type", _ARG_MAX_TYPES[element]),))
        axis = self.constant(-1)
        return self.apply("ARG_MAX", (tensor, axis), self.shape(tensor)[:-1], options, element=element)

    def relu(self, tensor: int) -> int:
        return self.apply("RELU", (tensor,), self.shape(tensor))


def _hazards(model: Model, accelerator: str = "") -> list[tuple[str, tuple[int, ...]]]:
    settings = (("accelerator", accelerator),) if accelerator else ()
    hazards = place(model, settings).hazards
    assert all(hazard.evidence is Evidence.EXECUTED for hazard in hazards)
    return [(hazard.rule.id, hazard.operators) for hazard in hazards]


def _is_right(model: Model, accelerator: str = "") -> bool:
    """Return whether the compiled stream gives the reference's answer, a step of rounding aside."""
    settings = (("accelerator", accelerator),) if accelerator else ()
    options = RunOptions(compare=True, tolerance=1.0, repeat=0, place=PlaceOptions(settings))
    result = run(model, TARGET, options)
    assert result.partitions == 1
    assert result.comparison is not None
    return result.comparison.is_equal


def _transposed(shape: Sequence[int], *orders: Sequence[int], element: ElementType = UINT8) -> Model:
    network = _Network(shape, element)
    tensor = network.image
    for order in orders:
        tensor = network.transpose(tensor, order)
    return network.whole()


@pytest.mark.parametrize(
    ("shape", "order"),
    [
        ((6, 10), (1, 0)),
        ((5, 6, 10), (1, 0, 2)),
        ((1, 4, 6, 10), (0, 3, 1, 2)),
        ((1, 4, 6, 10), (0, 2, 1, 3)),
        ((1, 6, 1, 10), (0, 3, 1, 2)),
        ((2, 3, 4, 5, 6), (0, 1, 2, 4, 3)),
    ],
)
@pytest.mark.parametrize("accelerator", ["", "ethos-u55-128", "ethos-u65-512"])
def test_a_uint8_transpose_that_moves_values_loses_those_above_127(
    shape: tuple[int, ...], order: tuple[int, ...], accelerator: str
) -> None:
    model = _transposed(shape, order)
    assert _hazards(model, accelerator) == [("vela.transpose-uint8", (0,))]
    assert not _is_right(model, accelerator)


def test_it_loses_exactly_the_values_above_127() -> None:
    model = _transposed((16, 16), (1, 0))
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    result = run(model, TARGET, RunOptions({model.main.inputs[0]: values}, repeat=0))
    (output,) = result.outputs.values()
    assert np.array_equal(output, np.where(values > 127, 0, values).T)


@pytest.mark.parametrize(
    ("shape", "order", "element"),
    [
        ((1, 4, 6, 10), (0, 1, 2, 3), UINT8),
        ((1, 4, 6, 10), (1, 0, 2, 3), UINT8),
        ((1, 4, 6, 1), (0, 3, 1, 2), UINT8),
        ((1, 6, 1, 10), (1, 3, 0, 2), UINT8),
        ((1, 4, 6, 10), (0, 3, 1, 2), INT8),
        ((1, 4, 6, 10), (0, 3, 1, 2), INT16),
    ],
)
def test_other_transposes_are_right(shape: tuple[int, ...], order: tuple[int, ...], element: ElementType) -> None:
    model = _transposed(shape, order, element=element)
    assert _hazards(model) == []
    assert _is_right(model)


def test_transposes_that_vela_merges_are_judged_together() -> None:
    undone = _transposed((1, 4, 6, 10), (0, 3, 1, 2), (0, 2, 3, 1))
    assert _hazards(undone) == []
    assert _is_right(undone)
    moved = _transposed((1, 4, 6, 10), (0, 3, 1, 2), (0, 1, 3, 2))
    assert _hazards(moved) == [("vela.transpose-uint8", (0, 1))]
    assert not _is_right(moved)


def test_transposes_with_something_between_are_judged_alone() -> None:
    network = _Network((1, 4, 6, 10), UINT8)
    between = network.relu(network.transpose(network.image, (0, 3, 1, 2)))
    network.transpose(between, (0, 2, 3, 1))
    assert _hazards(network.whole()) == [
        ("vela.transpose-uint8", (0,)),
        ("vela.transpose-uint8", (2,)),
    ]
    assert not _is_right(network.whole())
    network = _Network((1, 4, 6, 10), UINT8)
    between = network.reshape(network.transpose(network.image, (0, 3, 1, 2)), (1, 10, 24))
    network.transpose(between, (0, 2, 1))
    assert _hazards(network.whole()) == [
        ("vela.transpose-uint8", (0, 1)),
        ("vela.transpose-uint8", (2,)),
    ]
    assert not _is_right(network.whole())


def test_the_ethos_u85_is_not_judged() -> None:
    assert _hazards(_transposed((1, 4, 6, 10), (0, 3, 1, 2)), "ethos-u85-256") == []


def test_the_transposes_of_yolov8_are_found() -> None:
    model = npufit.load("zoo:yolov8n@96,uint8")
    transposes = [index for index, operator in enumerate(model.main.operators) if operator.type == "TRANSPOSE"]
    assert [(rule, operators[0]) for rule, operators in _hazards(model)] == [
        ("vela.transpose-uint8", index) for index in transposes
    ]
    assert not _is_right(model)
    assert _hazards(npufit.load("zoo:yolov8n@96,int8")) == []


def test_int8_cures_a_transpose() -> None:
    network = _Network((1, 4, 6, 10), UINT8)
    network.transpose(network.relu(network.image), (0, 3, 1, 2))
    fitted = fit(network.whole(), TARGET, FitOptions(passes=(parse_pass("to-int8"),), inputs=1))
    assert fitted.original.summary.hazards == 1
    assert fitted.result.summary.hazards == 0
    assert _is_right(fitted.result.model)


def test_quantize_on_both_sides_cures_a_transpose() -> None:
    network = _Network((1, 4, 6, 10), UINT8)
    as_int8 = network.requantize(network.image, INT8)
    network.requantize(network.transpose(as_int8, (0, 3, 1, 2)), UINT8)
    assert _hazards(network.whole()) == []
    assert _is_right(network.whole())


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((1, 8, 6, 12), (1, 2)),
        ((1, 8, 6, 12), (2, 1)),
        ((1, 8, 6, 12), (2, 3)),
        ((1, 8, 6, 12), (1, 2, 3)),
        ((1, 6, 1, 12), (2, 1)),
        ((1, 6, 1, 12), (-2, -3)),
        ((6, 12), (0, 1)),
    ],
)
@pytest.mark.parametrize("accelerator", ["", "ethos-u55-128"])
def test_a_sum_over_several_axes_is_one_over_the_first(
    shape: tuple[int, ...], axes: tuple[int, ...], accelerator: str
) -> None:
    model = _summed(shape, axes)
    assert _hazards(model, accelerator) == [("vela.sum-axes", (0,))]
    assert not _is_right(model, accelerator)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((1, 8, 6, 12), (1,)),
        ((1, 8, 6, 12), (2,)),
        ((1, 8, 6, 12), (-1,)),
        ((1, 6, 1, 12), (1, 2)),
        ((1, 1, 6, 12), (2, 1)),
        ((2, 8, 6, 12), (3,)),
    ],
)
def test_a_sum_over_one_axis_is_right(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    model = _summed(shape, axes)
    assert _hazards(model) == []
    assert _is_right(model)


def test_sums_behind_each_other_and_other_reductions_are_right() -> None:
    network = _Network((1, 8, 6, 12), UINT8)
    network.sum(network.sum(network.image, (1,)), (2,))
    assert _hazards(network.whole()) == []
    assert _is_right(network.whole())
    for kind in ("MEAN", "REDUCE_MAX", "REDUCE_MIN"):
        network = _Network((1, 8, 6, 12), UINT8)
        network.sum(network.image, (1, 2), kind)
        assert _hazards(network.whole()) == []
        assert _is_right(network.whole())


def _summed(shape: Sequence[int], axes: Sequence[int]) -> Model:
    network = _Network(shape, UINT8)
    network.sum(network.image, axes)
    return network.whole()


def _classified(shape: Sequence[int], element: ElementType) -> Model:
    network = _Network(shape, INT8)
    network.arg_max(network.image, element)
    return network.whole()


@pytest.mark.parametrize(("classes", "behind"), [(4, 256), (7, 64)])
def test_an_int64_arg_max_over_few_classes_is_written_behind_the_scratch_memory(classes: int, behind: int) -> None:
    model = _classified((1, 8, 8, classes), INT64)
    (hazard,) = place(model).hazards
    assert hazard.rule.id == "vela.argmax-int64"
    assert f"last {behind} bytes are written after the scratch memory" in hazard.message
    with pytest.raises(InputError, match="outside the scratch memory"):
        _is_right(model)


@pytest.mark.parametrize(("classes", "element"), [(4, INT32), (7, INT32), (8, INT64), (21, INT64)])
def test_an_arg_max_that_has_room_is_right(classes: int, element: ElementType) -> None:
    model = _classified((1, 8, 8, classes), element)
    assert _hazards(model) == []
    assert _is_right(model)


def _beside_a_relu(*, arg_max_first: bool) -> Model:
    network = _Network((1, 8, 8, 16), INT8)
    if arg_max_first:
        network.arg_max(network.image, INT64)
    network.relu(network.image)
    if not arg_max_first:
        network.arg_max(network.image, INT64)
    return network.whole()


def test_an_int64_arg_max_beside_another_output_may_share_its_memory() -> None:
    apart, together = _beside_a_relu(arg_max_first=True), _beside_a_relu(arg_max_first=False)
    assert _hazards(apart) == []
    assert _is_right(apart)
    (hazard,) = place(together).hazards
    assert "another tensor that is still needed" in hazard.message
    assert not _is_right(together)


@pytest.mark.parametrize(("size", "depth", "blocks"), [(96, 32, 3), (128, 32, 4)])
def test_an_int64_arg_max_may_share_memory_with_feature_maps_of_its_call(size: int, depth: int, blocks: int) -> None:
    """In the first network it destroys the input that others still read; in the second it is overwritten."""
    network = _Network((1, size, size, depth), INT8)
    tensor, shape = network.image, (1, size, size, depth)
    for _ in range(blocks):
        tensor = network.apply("ADD", (tensor, network.image), shape, AddOptions())
        tensor = network.apply("MAX_POOL_2D", (tensor,), shape, _pool(Padding.SAME, 1, 3))
    network.apply("MAX_POOL_2D", (tensor,), (1, size // 8, size // 8, depth), _pool(Padding.VALID, 8, 8))
    network.arg_max(network.image, INT64)
    (hazard,) = place(network.whole()).hazards
    assert hazard.rule.id == "vela.argmax-int64"
    assert "used for something else in the same call" in hazard.message
    assert not _is_right(network.whole())


def _pool(padding: Padding, stride: int, size: int) -> Pool2DOptions:
    return Pool2DOptions(padding, stride, stride, size, size, Activation.NONE)


@pytest.mark.parametrize("element", [INT64, INT32])
def test_readers_on_the_cpu_get_an_int64_arg_max_as_int32(element: ElementType) -> None:
    network = _Network((1, 8, 8, 16), INT8)
    network.apply(
        "CAST", (network.arg_max(network.image, element),), (1, 8, 8), OtherOptions("CastOptions"), element=INT32
    )
    hazards = place(network.whole()).hazards
    if element is INT32:
        assert hazards == ()
    else:
        assert ["CPU get Vela's own 32-bit tensor" in hazard.message for hazard in hazards] == [True]
    assert _is_right(network.whole()) == (element is INT32)


@pytest.mark.parametrize(("name", "count"), [("zoo:deeplab_v3@96,uint8", 1), ("zoo:deeplab_v3@161,uint8", 0)])
def test_deeplab_is_told_apart_by_where_its_result_lies(name: str, count: int) -> None:
    assert len(place(npufit.load(name)).hazards) == count
