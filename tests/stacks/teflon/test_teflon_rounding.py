"""Where a note says that average pooling may round a half the other way."""

from __future__ import annotations

import pytest

from networks import INT8, UINT8, Network, quantized
from npufit.graph import ElementType, Model, Padding, Pool2DOptions
from stacks.teflon.on_teflon import place


def _pooled(element: ElementType, zero_point: int, kernel: int, padding: Padding = Padding.VALID) -> Model:
    network = Network()
    quantization = quantized(0.1, zero_point)
    size = 8 // kernel if padding is Padding.VALID else 8
    stride = kernel if padding is Padding.VALID else 1
    options = Pool2DOptions(padding, stride, stride, kernel, kernel)
    ifm = network.input(1, 8, 8, 4, element=element, quantization=quantization)
    network.apply("AVERAGE_POOL_2D", (ifm,), (1, size, size, 4), options, element=element, quantization=quantization)
    return network.model()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (_pooled(INT8, -128, 2), True),
        (_pooled(INT8, 5, 2), True),
        (_pooled(INT8, 0, 2), False),
        (_pooled(UINT8, 0, 2), False),
        (_pooled(UINT8, 3, 2), True),
        (_pooled(INT8, -128, 1), False),
        # An odd window is cut to even ones at the borders.
        (_pooled(INT8, -128, 3, Padding.SAME), True),
    ],
)
def test_the_note_stands_where_an_average_can_be_a_half(model: Model, expected: bool) -> None:
    for version in ("25.3", "26.1", "26.2"):
        notes = [note for note in place(model, version).notes if "AVERAGE_POOL_2D" in note.text]
        assert bool(notes) is expected
    assert not any("AVERAGE_POOL_2D" in note.text for note in place(model, "26.1", "imx8mp").notes)
