"""Models that are sound files but make no sense: a placement is made, and nothing is raised."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import Network
from npufit.graph import (
    NO_TENSOR,
    Activation,
    AddOptions,
    Buffer,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    FullyConnectedOptions,
    Model,
    Operator,
    Options,
    OtherOptions,
    Padding,
    Pool2DOptions,
    Quantization,
    ResizeNearestNeighborOptions,
    SplitOptions,
    StridedSliceOptions,
    Subgraph,
    Tensor,
)
from npufit.stacks import Placement, Status, Unit
from stacks.teflon.on_teflon import VERSIONS, place

_TYPES = (
    "CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "AVERAGE_POOL_2D", "MAX_POOL_2D",
    "CONCATENATION", "SPLIT", "PAD", "FULLY_CONNECTED", "RESHAPE", "RELU", "ABS", "LOGISTIC", "TANH", "HARD_SWISH",
    "LEAKY_RELU", "QUANTIZE", "TRANSPOSE", "STRIDED_SLICE", "RESIZE_NEAREST_NEIGHBOR", "SOFTMAX", "WHILE", "CUSTOM",
)  # fmt: skip
_INT32 = st.one_of(st.integers(-9, 9), st.sampled_from([-(2**31), 2**31 - 1]), st.integers(-(2**31), 2**31 - 1))
_FLOAT = st.one_of(st.sampled_from([0.0, 0.1, 3.4e38, float("nan"), float("inf"), -1.0]), st.floats(width=32))
_POINT = st.one_of(st.integers(-128, 255), st.sampled_from([-(2**63), 2**63 - 1]))
_ACTIVATION = st.sampled_from(list(Activation))
_PADDING = st.sampled_from(list(Padding))
_FLAG = st.booleans()
_MASK = st.one_of(st.integers(0, 31), _INT32)
_OPTIONS: st.SearchStrategy[Options | None] = st.one_of(
    st.none(),
    st.builds(OtherOptions, st.just("WhileOptions")),
    st.builds(Conv2DOptions, _PADDING, _INT32, _INT32, _ACTIVATION, _INT32, _INT32),
    st.builds(DepthwiseConv2DOptions, _PADDING, _INT32, _INT32, _INT32, _ACTIVATION, _INT32, _INT32),
    st.builds(Pool2DOptions, _PADDING, _INT32, _INT32, _INT32, _INT32, _ACTIVATION),
    st.builds(ConcatenationOptions, _INT32, _ACTIVATION),
    st.builds(AddOptions, _ACTIVATION),
    st.builds(FullyConnectedOptions, _ACTIVATION),
    st.builds(SplitOptions, _INT32),
    st.builds(StridedSliceOptions, _MASK, _MASK, _MASK, _MASK, _MASK),
    st.builds(ResizeNearestNeighborOptions, _FLAG, _FLAG),
)
_SHAPE = st.one_of(
    st.none(), st.just(()), st.lists(st.sampled_from([0, 1, 2, 4, 16, 17, 32, 2**20]), max_size=7).map(tuple)
)
_QUANTIZATION = st.one_of(
    st.just(Quantization()),
    st.builds(
        Quantization,
        st.lists(_FLOAT, max_size=3).map(tuple),
        st.lists(_POINT, max_size=3).map(tuple),
        st.integers(0, 4),
    ),
)
_BUFFER = st.one_of(
    st.just(Buffer()),
    st.binary(max_size=40).map(Buffer),
    st.lists(_INT32, max_size=9).map(lambda values: Buffer(struct.pack(f"<{len(values)}i", *values))),
)
_ELEMENT = st.one_of(st.sampled_from([ElementType.INT8, ElementType.INT32]), st.sampled_from(list(ElementType)))


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Draw a model of one or two subgraphs whose operators run in order, and of which nothing else makes sense."""
    subgraphs: list[Subgraph] = []
    for _ in range(draw(st.integers(1, 2))):
        tensors = [
            Tensor(f"t{index}", draw(_SHAPE), draw(_ELEMENT), draw(_QUANTIZATION), draw(_BUFFER))
            for index in range(draw(st.integers(1, 5)))
        ]
        operators: list[Operator] = []
        for _ in range(draw(st.integers(1, 5))):
            inputs = draw(st.lists(st.sampled_from([NO_TENSOR, *range(len(tensors))]), max_size=5))
            outputs: list[int] = []
            for _ in range(draw(st.integers(0, 2))):
                tensors.append(Tensor("o", draw(_SHAPE), draw(_ELEMENT), draw(_QUANTIZATION)))
                outputs.append(draw(st.sampled_from([NO_TENSOR, len(tensors) - 1, len(tensors) - 1])))
            kind = draw(st.sampled_from(_TYPES))
            code = "\x1b]0;name\x07" * 40 if kind == "CUSTOM" else None
            version = draw(st.integers(0, 4))
            operators.append(Operator(kind, tuple(inputs), tuple(outputs), draw(_OPTIONS), version, custom_code=code))
        wanted = draw(st.lists(st.sampled_from(range(len(tensors))), max_size=2))
        subgraphs.append(Subgraph(tuple(tensors), (0,), tuple(wanted), tuple(operators)))
    return Model("hostile", tuple(subgraphs))


def _check(placement: Placement, model: Model) -> None:
    places = [(number, index) for number, subgraph in enumerate(model.subgraphs) for index in _indices(subgraph)]
    assert [operator.id for operator in placement.operators] == places
    for operator in placement.operators:
        assert (operator.unit is Unit.NPU) == (operator.finding is None) == (operator.partition is not None)
    unknown = any(operator.unit is Unit.UNKNOWN for operator in placement.operators)
    assert placement.status is (Status.PARTIAL if unknown else Status.COMPLETE)
    on_npu = {operator.id for operator in placement.operators if operator.unit is Unit.NPU}
    for hazard in placement.hazards:
        tensors = model.subgraphs[hazard.subgraph].tensors
        # What happens before a driver is asked is a hazard wherever the operator would run.
        assert hazard.rule.id in ("teflon.operand-read-early", "teflon.quantized-dimension") or hazard.culprit in on_npu
        assert all(0 <= tensor < len(tensors) for tensor in hazard.tensors)
        assert hazard.message.isprintable()
        assert hazard.found.isprintable()


def _indices(subgraph: Subgraph) -> range:
    return range(len(subgraph.operators))


@settings(max_examples=300, deadline=None)
@given(models(), st.sampled_from(VERSIONS), st.sampled_from(["imx93", "imx8mp", "rk3588"]))
def test_no_model_makes_the_placement_fail(model: Model, version: str, chip: str) -> None:
    _check(place(model, version, chip), model)


@pytest.mark.parametrize("version", VERSIONS)
def test_operators_without_inputs_and_outputs_are_placed(version: str) -> None:
    for kind in _TYPES:
        subgraph = Subgraph((), (), (), (Operator(kind, (), ()),))
        _check(place(Model("empty", (subgraph,)), version), Model("empty", (subgraph,)))


@pytest.mark.parametrize(
    "quantization",
    [
        Quantization((3.4e38,), (-(2**63),)),
        Quantization((float("nan"),), (0,)),
        Quantization((float("inf"), 0.1), (0,)),
        Quantization((), (1, 2)),
        Quantization(),
    ],
)
@pytest.mark.parametrize("element", list(ElementType))
def test_ranges_of_odd_elements_are_computed_or_left_alone(element: ElementType, quantization: Quantization) -> None:
    for activation in Activation:
        network = Network()
        ifm = network.input(1, 4, 4, 4, element=element)
        options: Any = {"activation": activation, "quantization": quantization, "element": element}
        network.convolve(ifm, 4, 1, **options)
        network.apply("ADD", (ifm, ifm), (1, 4, 4, 4), AddOptions(activation), element=element,
                      quantization=quantization)  # fmt: skip
        for version in VERSIONS:
            _check(place(network.model(), version), network.model())


def test_a_shape_that_nobody_knows_is_unknown_where_the_driver_compares_shapes() -> None:
    network = Network()
    inputs = (network.input(known=False), network.zeros(4, 4), network.zeros(4))
    network.apply("FULLY_CONNECTED", inputs, None)
    placement = place(network.model(), "26.2")
    assert placement.status is Status.PARTIAL
    assert [operator.unit for operator in placement.operators] == [Unit.UNKNOWN]
    (finding,) = [operator.finding for operator in placement.operators if operator.finding]
    assert (finding.rule.id, finding.found) == ("teflon.shape-unknown", "'t0' has no shape")


def test_every_subgraph_is_placed_and_partitions_are_counted_through() -> None:
    network = Network()
    network.convolve(network.input(1, 4, 4, 4), 8, 1)
    body = network.model().main
    placement = place(Model("two", (body, body)), "26.2")
    assert [(partition.index, partition.subgraph) for partition in placement.partitions] == [(0, 0), (1, 1)]
    assert [operator.partition for operator in placement.operators] == [0, 1]


def test_many_operators_take_time_in_proportion() -> None:
    # 20 000 operators; anything quadratic in them would need hours.
    network = Network()
    shared = tensor = network.input(1, 4, 4, 32)
    for index in range(10_000):
        tensor = network.apply("RESHAPE", (tensor, shared), (1, 4, 4, 32))
        tensor = network.apply("ADD" if index % 2 else "MEAN", (tensor, shared), (1, 4, 4, 32))
    assert len(place(network.model(), "26.2").operators) == 20_000
