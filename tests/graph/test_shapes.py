"""Shapes against LiteRT, which computes them anew when it allocates the tensors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from networks.one_operator import activation, as_model, constant, single, zeros
from npufit.graph import (
    BatchMatMulOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    FullyConnectedOptions,
    GatherOptions,
    Options,
    OtherOptions,
    PackOptions,
    Padding,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
    SplitOptions,
    SqueezeOptions,
    StridedSliceOptions,
    Subgraph,
    Tensor,
    UnpackOptions,
    infer_shapes,
    same_padding,
)
from npufit.tflite import read_model, serialize_model

_NOT_INFERRED = {"CUSTOM", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
"""Operators without a rule in the real models; what follows them has no shape either."""


def _litert_shapes(data: bytes) -> dict[int, tuple[int, ...]]:
    """Return the shape of every tensor after allocation. Raises RuntimeError or ValueError where LiteRT refuses."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # pyright: ignore[reportMissingTypeStubs]

    interpreter: Any = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    return {detail["index"]: tuple(map(int, detail["shape"])) for detail in interpreter.get_tensor_details()}


def _without_shapes(subgraph: Subgraph) -> Subgraph:
    computed = {tensor for operator in subgraph.operators for tensor in operator.outputs}
    tensors = enumerate(subgraph.tensors)
    return replace(
        subgraph,
        tensors=tuple(replace(tensor, shape=None) if index in computed else tensor for index, tensor in tensors),
    )


def test_real_model(real_model: Path) -> None:
    """Every shape that is inferred is LiteRT's, and none is missing without a reason."""
    subgraph = read_model(real_model).main
    inferred = infer_shapes(_without_shapes(subgraph))
    try:
        expected = _litert_shapes(real_model.read_bytes())
    except (RuntimeError, ValueError):
        expected = {index: tensor.shape for index, tensor in enumerate(subgraph.tensors)}
    unknown: set[int] = set()
    for operator in inferred.operators:
        blocked = operator.type in _NOT_INFERRED or any(tensor in unknown for tensor in operator.inputs)
        for tensor in operator.outputs:
            shape = inferred.tensors[tensor].shape
            if shape is None:
                assert blocked or _takes_its_shape_from_the_run(inferred, tensor), (operator.type, tensor)
                unknown.add(tensor)
            else:
                assert shape == expected[tensor], (operator.type, tensor)


def _takes_its_shape_from_the_run(subgraph: Subgraph, tensor: int) -> bool:
    """RESHAPE and TRANSPOSE_CONV whose new shape is itself computed."""
    operator = next(operator for operator in subgraph.operators if tensor in operator.outputs)
    shape = {"RESHAPE": 1, "TRANSPOSE_CONV": 0}.get(operator.type)
    return shape is not None and not subgraph.tensors[operator.inputs[shape]].is_constant


def test_shapes_that_the_file_gives_are_not_touched() -> None:
    subgraph = single("RELU", [activation(1, 4)], [activation(7, 7)])
    assert infer_shapes(subgraph) is subgraph


@pytest.mark.parametrize(
    ("kind", "inputs", "options", "expected"),
    [
        ("ADD", [activation(2, 1, 3), activation(4, 1)], None, (2, 4, 3)),
        ("ADD", [activation(2, 3), activation(4, 3)], None, None),
        ("FULLY_CONNECTED", [activation(2, 3, 4), zeros(5, 4)], FullyConnectedOptions(), (6, 5)),
        ("FULLY_CONNECTED", [activation(2, 3, 4), zeros(5, 4)], FullyConnectedOptions(keep_num_dims=True), (2, 3, 5)),
        ("RESHAPE", [activation(2, 6), constant([3, -1])], None, (3, 4)),
        ("RESHAPE", [activation(2, 6)], ReshapeOptions((4, 3)), (4, 3)),
        ("RESHAPE", [activation(2, 6), constant([-1, -1])], None, None),
        ("CONCATENATION", [activation(1, 2), activation(1, 3)], ConcatenationOptions(axis=-1), (1, 5)),
        ("CONCATENATION", [activation(1, 2), activation(1, 3)], ConcatenationOptions(axis=2), None),
        ("MEAN", [activation(1, 7, 7, 8), constant([1, -2])], ReducerOptions(), (1, 8)),
        ("MEAN", [activation(1, 7, 7, 8), constant([1, 2])], ReducerOptions(keep_dims=True), (1, 1, 1, 8)),
        ("TRANSPOSE", [activation(1, 2, 3), constant([2, 0, 1])], None, (3, 1, 2)),
        ("TRANSPOSE", [activation(1, 2, 3), constant([2, 0, 0])], None, None),
        ("PAD", [activation(2, 3), constant([1, 2, 0, 4], shape=(2, 2))], None, (5, 7)),
        ("PAD", [activation(2, 3), constant([-5, 0, 0, 0], shape=(2, 2))], None, None),
        ("RESIZE_BILINEAR", [activation(1, 5, 5, 3), constant([9, 11])], None, (1, 9, 11, 3)),
        ("TRANSPOSE_CONV", [constant([1, 8, 8, 2]), zeros(2, 3, 3, 4), activation(1, 4, 4, 4)], None, (1, 8, 8, 2)),
        ("BATCH_MATMUL", [activation(5, 2, 3), activation(1, 4, 3)], BatchMatMulOptions(adj_y=True), (5, 2, 4)),
        ("BATCH_MATMUL", [activation(3, 2), activation(3, 4)], BatchMatMulOptions(adj_x=True), (2, 4)),
        ("SHAPE", [activation(3, 2, 7)], OtherOptions("ShapeOptions"), (3,)),
        ("ARG_MAX", [activation(3, 2, 7), constant([-2])], None, (3, 7)),
        ("SLICE", [activation(3, 8), constant([1, 2]), constant([1, -1])], None, (1, 6)),
        ("SPLIT", [constant([-1]), activation(2, 9)], SplitOptions(3), (2, 3)),
        ("SPLIT", [constant([-1]), activation(2, 9)], SplitOptions(2), None),
        ("PACK", [activation(2, 3), activation(2, 3)], PackOptions(2, -1), (2, 3, 2)),
        ("UNPACK", [activation(2, 3)], UnpackOptions(3, -1), (2,)),
        ("GATHER", [activation(2, 9, 4), constant([1, 1, 5])], GatherOptions(axis=1), (2, 3, 4)),
        ("EXPAND_DIMS", [activation(2, 3), constant([-1])], None, (2, 3, 1)),
        ("SQUEEZE", [activation(1, 3, 1)], SqueezeOptions(), (3,)),
        ("SQUEEZE", [activation(1, 3, 1)], SqueezeOptions((-1,)), (1, 3)),
        ("RELU", [], None, None),
        ("CUSTOM", [activation(1)], None, None),
    ],
)
def test_rule(
    kind: str, inputs: list[Tensor | None], options: Options | None, expected: tuple[int, ...] | None
) -> None:
    output = Tensor("output", None, ElementType.FLOAT32)
    subgraph = infer_shapes(single(kind, inputs, [output], options))
    assert subgraph.tensors[-1].shape == expected


def test_shapes_travel_through_a_chain_and_to_all_outputs() -> None:
    first = single("SPLIT", [constant([1]), activation(1, 4)], [Tensor("a", None, ElementType.FLOAT32)] * 2)
    split = replace(first, operators=(replace(first.operators[0], options=SplitOptions(2)),))
    tensors = (*split.tensors, Tensor("c", (), ElementType.FLOAT32))
    relu = replace(split.operators[0], type="RELU", inputs=(3,), outputs=(4,), options=None)
    chain = infer_shapes(replace(split, tensors=tensors, operators=(*split.operators, relu)))
    assert [tensor.shape for tensor in chain.tensors[2:]] == [(1, 2)] * 3


def test_an_absurd_shape_is_not_inferred() -> None:
    wide = single(
        "ADD", [activation(1 << 30, 1), activation(1, 1 << 30)], [Tensor("output", None, ElementType.FLOAT32)]
    )
    assert infer_shapes(wide).tensors[-1].shape is None


# Random operators, as LiteRT sizes them.


def _agrees_with_litert(subgraph: Subgraph) -> None:
    inferred = infer_shapes(subgraph)
    shape = inferred.tensors[-1].shape
    assert shape is not None
    assume(all(shape))
    try:
        expected = _litert_shapes(serialize_model(as_model(inferred)))
    except (RuntimeError, ValueError):
        assume(False)
        raise
    assert shape == expected[len(inferred.tensors) - 1]


_output = Tensor("output", None, ElementType.FLOAT32)
_size = st.integers(1, 12)
_small = st.integers(1, 4)
_padding = st.sampled_from(Padding)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(size=st.tuples(_size, _size), kernel=st.tuples(_small, _small), stride=st.tuples(_small, _small),
       dilation=st.tuples(_small, _small), padding=_padding, depthwise=st.booleans())  # fmt: skip
def test_convolution(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: Padding,
    depthwise: bool,
) -> None:
    ifm = activation(1, *size, 2)
    if depthwise:
        table: Options = DepthwiseConv2DOptions(
            padding, stride[0], stride[1], 2, dilation_w_factor=dilation[0], dilation_h_factor=dilation[1]
        )
        subgraph = single("DEPTHWISE_CONV_2D", [ifm, zeros(1, *kernel, 4), zeros(4)], [_output], table)
    else:
        table = Conv2DOptions(
            padding, stride[0], stride[1], dilation_w_factor=dilation[0], dilation_h_factor=dilation[1]
        )
        subgraph = single("CONV_2D", [ifm, zeros(3, *kernel, 2), zeros(3)], [_output], table)
    _agrees_with_litert(subgraph)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(size=st.tuples(_size, _size), window=st.tuples(_small, _small), stride=st.tuples(_small, _small),
       padding=_padding)  # fmt: skip
def test_pooling(size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], padding: Padding) -> None:
    table = Pool2DOptions(padding, *stride, *window)
    _agrees_with_litert(single("MAX_POOL_2D", [activation(1, *size, 2)], [_output], table))


_bound = st.integers(-7, 7)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    begin=st.tuples(_bound, _bound),
    end=st.tuples(_bound, _bound),
    strides=st.tuples(*[st.sampled_from((-3, -2, -1, 1, 2, 3))] * 2),
    masks=st.tuples(*[st.integers(0, 3)] * 2),
    shrunk=st.integers(0, 3),
)
def test_strided_slice(
    begin: tuple[int, int], end: tuple[int, int], strides: tuple[int, int], masks: tuple[int, int], shrunk: int
) -> None:
    table = StridedSliceOptions(begin_mask=masks[0], end_mask=masks[1], shrink_axis_mask=shrunk)
    places = [constant(list(values)) for values in (begin, end, strides)]
    _agrees_with_litert(single("STRIDED_SLICE", [activation(5, 6, 3), *places], [_output], table))


@given(size=st.integers(1, 400), kernel=st.integers(1, 12), stride=st.integers(1, 6), dilation=st.integers(1, 4))
def test_same_padding(size: int, kernel: int, stride: int, dilation: int) -> None:
    """The least padding that gives ceil(size / stride) outputs, the odd one behind."""
    before, after = same_padding(size, kernel, stride, dilation)
    span = (kernel - 1) * dilation + 1
    assert 0 <= after - before <= 1
    covered = (-(-size // stride) - 1) * stride + span
    assert before + after == 0 or size + before + after == covered
    assert size + before + after >= covered


def test_same_padding_of_an_unset_stride() -> None:
    """The schema's default stride is 0: a file may have it, and only the kernel refuses it."""
    assert same_padding(7, 3, 0) == same_padding(7, 3, 1) == (1, 1)
