"""Comparisons: what counts as a difference, and which operator is the first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import npufit
from npufit.execution import IN_BRICKS, Reference, compare, random_inputs
from npufit.execution.compare import compare_values
from npufit.graph import Model

Array = npt.NDArray[Any]


def _values(model: Model) -> dict[int, Array]:
    return Reference(model).run(random_inputs(model))


@pytest.fixture(scope="module")
def network() -> Model:
    """Return a small network."""
    return npufit.load("zoo:mobilenet_v1@96,uint8,alpha=0.25")


def test_a_run_is_equal_to_itself(network: Model) -> None:
    golden = _values(network)
    comparison = compare(network, golden, golden, "itself")
    assert comparison.is_equal
    assert len(comparison.tensors) == len(network.main.operators)
    assert comparison.first_difference is None
    assert [found.operator for found in comparison.tensors] == sorted(found.operator for found in comparison.tensors)


def test_the_first_difference_is_that_of_the_first_operator(network: Model) -> None:
    golden = _values(network)
    values = {index: array.copy() for index, array in golden.items()}
    for operator, step in ((9, 1), (4, 3), (20, 200)):
        tensor = values[network.main.operators[operator].outputs[0]].reshape(-1)
        tensor[:5] = np.where(tensor[:5] > 127, tensor[:5] - step % 128, tensor[:5] + step % 128)
    first = compare(network, values, golden, "golden").first_difference
    assert first is not None
    assert (first.operator, first.differing, first.largest) == (4, 5, 3.0)
    assert first.share == 5 / first.count
    within = compare(network, values, golden, "golden", tolerance=3)
    assert within.first_difference is not None
    assert within.first_difference.operator == 20
    assert compare(network, values, golden, "golden", tolerance=72).is_equal


def test_nothing_in_common_is_not_equal(network: Model) -> None:
    assert not compare(network, {}, _values(network), "golden").is_equal


def test_an_order_of_bytes_explains_a_difference(network: Model) -> None:
    golden = _values(network)
    tensor = network.main.operators[4].outputs[0]
    values = golden | {tensor: golden[tensor][..., ::-1]}
    explained = compare(network, values, golden, "golden", in_bricks={tensor: golden[tensor]}).first_difference
    assert explained is not None
    assert explained.note == IN_BRICKS
    unexplained = compare(network, values, golden, "golden", in_bricks={tensor: values[tensor]}).first_difference
    assert unexplained is not None
    assert unexplained.note == ""


_NAN, _INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("dtype", "values", "reference", "differing", "largest"),
    [
        ("int8", [-128, 0], [127, 0], 1, 255.0),
        ("uint8", [0, 255], [255, 0], 2, 255.0),
        ("int64", [2**63 - 1, 5], [-(2**63), 5], 1, float(2**64 - 1)),
        ("uint64", [0, 2**64 - 1], [1, 2**64 - 1], 1, 1.0),
        ("bool", [True, False], [True, True], 1, 1.0),
        ("float32", [1.5, 2.0], [1.0, 2.0], 1, 0.5),
        ("float32", [_NAN, 1.0], [_NAN, 1.0], 0, 0.0),
        ("float32", [_NAN, 1.0], [0.0, 1.0], 1, _INF),
        ("float32", [_INF, -_INF], [_INF, _INF], 1, _INF),
        ("float32", [0.0], [-0.0], 0, 0.0),
    ],
)
def test_differences_of_every_type(
    dtype: str, values: list[float], reference: list[float], differing: int, largest: float
) -> None:
    found = compare_values(0, 0, np.array(values, dtype), np.array(reference, dtype))
    assert (found.differing, found.largest, found.count) == (differing, largest, len(values))
    assert found.is_equal == (differing == 0)


def test_another_type_or_shape_differs_everywhere() -> None:
    reference = np.zeros((1, 2, 3), np.int8)
    for values in (np.zeros((1, 2, 3), np.uint8), np.zeros((1, 3, 2), np.int8)):
        found = compare_values(0, 0, values, reference, tolerance=1000)
        assert not found.is_equal
        assert found.share == 1.0
        assert "instead of int8 (1, 2, 3)" in found.note
    assert compare_values(0, 0, np.zeros((2, 1, 3), np.int8), reference).is_equal
