"""unused-stride: a stride that is never taken fits the register afterwards, and nothing else changes."""

from __future__ import annotations

import pytest

from networks import Network
from npufit.graph import Model, Padding, Pool2DOptions
from npufit.rewrite.passes.strides import UnusedStride
from rewrite.rewriting import assert_same_answers, hazards, on, rewrite


def _pool(
    kind: str, size: tuple[int, int], stride: tuple[int, int], padding: Padding, outputs: tuple[int, int]
) -> Model:
    net = Network()
    options = Pool2DOptions(
        padding, stride_w=stride[1], stride_h=stride[0], filter_width=size[1], filter_height=size[0]
    )
    ifm = net.input(1, *size, 4)
    return net.model(net.apply(kind, (ifm,), (1, *outputs, 4), options))


@pytest.mark.parametrize("kind", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
def test_a_global_pooling_gets_a_small_stride(kind: str) -> None:
    model = _pool(kind, (25, 5), (25, 5), Padding.VALID, (1, 1))
    assert hazards(model, "26.1") == ["ethosu.stride-overflow"]
    after = rewrite(UnusedStride(), model, on(model, "26.1")).model
    assert hazards(after, "26.1") == []
    assert_same_answers(UnusedStride(), model, after)


def test_a_stride_that_is_taken_stays() -> None:
    net = Network()
    options = Pool2DOptions(Padding.VALID, stride_w=4, stride_h=4, filter_width=4, filter_height=4)
    model = net.model(net.apply("MAX_POOL_2D", (net.input(1, 8, 8, 4),), (1, 2, 2, 4), options))
    assert UnusedStride().rewrite(model, on(model, "26.1")) is None


def test_padding_that_would_change_keeps_the_stride() -> None:
    model = _pool("MAX_POOL_2D", (5, 5), (5, 5), Padding.SAME, (1, 1))
    assert hazards(model, "26.1") == ["ethosu.stride-overflow"]
    assert UnusedStride().rewrite(model, on(model, "26.1")) is None
