"""Constants as arrays, and the real numbers that integers stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from networks.one_operator import activation, constant
from npufit.graph import ElementType, ExternalData, Quantization, Sparsity
from npufit.graph.arrays import real_values, stored_values

INT8 = ElementType.INT8


def test_a_plain_constant_is_an_array_of_its_shape() -> None:
    found = stored_values(constant([1, -2, 3, 4], INT8, (2, 2)))
    assert found is not None
    assert found.dtype == np.int8
    assert found.tolist() == [[1, -2], [3, 4]]


def test_what_is_no_plain_constant_has_no_values() -> None:
    plain = constant([1, 2], INT8)
    for tensor in (
        activation(2, element=INT8),
        replace(plain, shape=None),
        replace(plain, sparsity=Sparsity((0,), (), ())),
        replace(plain, external_data=ExternalData(0, 0, 0, 2, None)),
        replace(plain, element=ElementType.INT4),
    ):
        assert stored_values(tensor) is None


def test_real_values_are_scaled_for_the_tensor_or_for_each_channel() -> None:
    values = np.array([[1, 2], [3, 4]], np.int8)
    assert real_values(values, Quantization()).tolist() == [[1, 2], [3, 4]]
    assert real_values(values, Quantization((0.5,), (1,))).tolist() == [[0, 0.5], [1, 1.5]]
    channels = Quantization((1.0, 10.0), (0, 1), axis=1)
    assert real_values(values, channels).tolist() == [[1, 10], [3, 30]]
    assert real_values(values, channels, axis=0).tolist() == [[1, 2], [20, 30]]
    assert real_values(values, replace(channels, zero_points=())).tolist() == [[1, 20], [3, 40]]


def test_scales_that_do_not_fit_the_shape_are_no_error() -> None:
    values = np.array([2, 4], np.int8)
    for broken in (Quantization((1.0, 2.0, 3.0), (0, 0, 0)), Quantization((1.0, 2.0), (0, 0), axis=7)):
        assert real_values(values, broken).tolist() == [2, 4]


def test_an_integer_stands_for_a_real_number() -> None:
    assert Quantization((0.5,), (-2,)).real(4) == 3.0
    assert Quantization().real(4) == 0.0
