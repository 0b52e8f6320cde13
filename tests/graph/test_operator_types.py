"""The table of operator types: complete, free of contradictions, and the only place that a new operator touches."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from networks.one_operator import activation, as_model, constant, single, zeros
from npufit.cost.demand import measure_demand
from npufit.execution.operands import operand_values
from npufit.graph import (
    OPERATOR_TYPES,
    Conv2DOptions,
    ElementType,
    Family,
    FullyConnectedOptions,
    Kind,
    Operator,
    OperatorType,
    Quantization,
    ResizeNearestNeighborOptions,
    Role,
    Scaling,
    Subgraph,
    TransposeConvOptions,
    count_macs,
    has_operands,
    infer_shapes,
    least_version,
    operator_type,
)
from npufit.graph.operator_types.shapes import unchanged
from npufit.rewrite.quantization import is_copying, tied_tensors
from npufit.rewrite.surgery import Editor
from npufit.rewrite.tiling.tileable import find_tileable
from npufit.tflite.names import operator_codes


def test_every_type_of_the_schema_has_a_row() -> None:
    """A type that a newer schema brings fails here until somebody writes its row."""
    assert sorted(OPERATOR_TYPES) == sorted(operator_codes())


def test_only_products_have_multiply_accumulates() -> None:
    assert {row.name for row in OPERATOR_TYPES.values() if row.macs} == {
        row.name for row in OPERATOR_TYPES.values() if row.kind is Kind.PRODUCT
    }


def test_rows_do_not_contradict_themselves() -> None:
    for row in OPERATOR_TYPES.values():
        assert 0 <= row.optional < max(1, len(row.operands)), row.name
        assert row.scaling is Scaling.UNKNOWN or Role.DATA in row.operands, row.name
        assert row.channel_axis is None or {Role.DATA, Role.WEIGHTS, Role.BIAS} <= set(row.operands), row.name
        assert row.shape is None or row.operands, row.name


def test_an_unknown_custom_operator_has_the_row_of_all_custom_operators() -> None:
    row = operator_type(Operator("CUSTOM", (), (), custom_code="MyOp"))
    assert (row.name, row.kind) == ("CUSTOM", Kind.OUTSIDE)
    assert operator_type(Operator("CUSTOM", (), (), custom_code="ADD")) is row
    known = operator_type(Operator("CUSTOM", (), (), custom_code="TFLite_Detection_PostProcess"))
    assert known.family is Family.DETECTION


def test_a_type_of_a_newer_schema_is_unknown_not_an_error() -> None:
    subgraph = single("OF_TOMORROW", [activation(1, 4)], [activation(1, 4)])
    assert count_macs(subgraph, subgraph.operators[0]) is None
    assert infer_shapes(subgraph) is subgraph


@pytest.mark.parametrize(
    ("operator", "version"),
    [
        (Operator("CONV_2D", (0, 1, 2), (3,), Conv2DOptions()), 3),
        (Operator("TRANSPOSE_CONV", (0, 1, 2), (3,), TransposeConvOptions()), 2),
        (Operator("TRANSPOSE_CONV", (0, 1, 2, -1), (3,), TransposeConvOptions()), 2),
        (Operator("TRANSPOSE_CONV", (0, 1, 2, 4), (3,), TransposeConvOptions()), 3),
        (Operator("FULLY_CONNECTED", (0, 1, 2), (3,), FullyConnectedOptions()), 4),
        (Operator("FULLY_CONNECTED", (0, 1, 2), (3,), FullyConnectedOptions(keep_num_dims=True)), 5),
        (Operator("FULLY_CONNECTED", (0, 1), (3,), FullyConnectedOptions()), 6),
        (Operator("RESIZE_NEAREST_NEIGHBOR", (0, 1), (2,), ResizeNearestNeighborOptions()), 2),
        (Operator("RESIZE_NEAREST_NEIGHBOR", (0, 1), (2,), ResizeNearestNeighborOptions(align_corners=True)), 3),
        (Operator("LEAKY_RELU", (0,), (1,)), 1),
        (Operator("RESHAPE", (0,), (1,)), 1),
    ],
)
def test_the_lowest_version_is_that_of_op_version_cc(operator: Operator, version: int) -> None:
    assert least_version(operator, int8=True) == version


def _chain(kind: str) -> Subgraph:
    """Return two operators of a type, one after the other, on int8 maps; the first output lacks its shape."""
    like = replace(activation(1, 4, 4, 8, element=ElementType.INT8), quantization=Quantization((0.5,), (0,)))
    tensors = (like, replace(like, name="between", shape=None), replace(like, name="last"))
    operators = (Operator(kind, (0,), (1,)), Operator(kind, (1,), (2,)))
    return Subgraph(tensors, (0,), (2,), operators)


def test_a_new_operator_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up function of one value: everything that has no rule of its own for a type learns of it by its row."""
    row = OperatorType(
        "FROBNICATE", Kind.FUNCTION, (Role.DATA,), Family.LOOKUP, Scaling.FREE, int8_version=2, shape=unchanged
    )
    before = infer_shapes(_chain(row.name))
    assert (before.tensors[1].shape, count_macs(before, before.operators[0])) == (None, None)

    monkeypatch.setitem(cast("dict[str, OperatorType]", OPERATOR_TYPES), row.name, row)
    graph = infer_shapes(_chain(row.name))
    first = graph.operators[0]
    assert graph.tensors[1].shape == (1, 4, 4, 8)
    assert count_macs(graph, first) == 0
    assert has_operands(first)
    assert not has_operands(replace(first, inputs=()))
    assert least_version(first, int8=True) == 2
    assert measure_demand(graph, first).family is Family.LOOKUP
    assert tied_tensors(Editor(as_model(graph)), 1) == frozenset({1})
    assert all(find_tileable(graph)), "it can run on stripes"


def test_a_new_operator_that_copies_ties_its_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    row = OperatorType("SHUFFLE", Kind.MOVEMENT, (Role.DATA,), Family.MOVEMENT, Scaling.COPIES, shape=unchanged)
    monkeypatch.setitem(cast("dict[str, OperatorType]", OPERATOR_TYPES), row.name, row)
    graph = infer_shapes(_chain(row.name))
    assert is_copying(graph.operators[0])
    assert tied_tensors(Editor(as_model(graph)), 1) is None, "tied to the input, which keeps its quantization"


def test_a_new_operator_says_what_its_operands_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    row = OperatorType("REFORM", Kind.MOVEMENT, (Role.SHAPE, Role.DATA))
    monkeypatch.setitem(cast("dict[str, OperatorType]", OPERATOR_TYPES), row.name, row)
    wanted = replace(activation(2, element=ElementType.INT32), name="wanted")
    model = as_model(single(row.name, [wanted, activation(3, 4)], [activation(2, 6)]))
    values = operand_values(model, 0, np.random.default_rng(1))
    assert values is not None
    assert values.tolist() == [2, 6]
    assert operand_values(model, 1, np.random.default_rng(1)) is None


def test_operands_that_give_a_shape_are_found_by_their_role() -> None:
    inputs = [activation(1, 4), *(constant([0, 0]) for _ in range(3))]
    slicing = single("STRIDED_SLICE", list(inputs), [activation(1, 4)]).operators[0]
    row = operator_type(slicing)
    assert row.positions(slicing, Role.BEGIN, Role.STRIDES) == (1, 3)
    joining = single("CONCATENATION", [activation(1, 4), zeros(1, 4), activation(1, 4)], [activation(1, 12)]).operators[
        0
    ]
    assert operator_type(joining).positions(joining, Role.DATA) == (0, 1, 2)
    assert OPERATOR_TYPES["SPLIT"].data == 1
