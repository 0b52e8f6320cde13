"""Weights are drawn once for all sizes of a network: the models share them, and are the same as without that."""

from __future__ import annotations

import pytest

from npufit.graph import Model
from npufit.tflite import serialize_model
from npufit.zoo import build, parse_spec, weights
from npufit.zoo.remembered import LayerMemory

_NAMES = (
    "mobilenet_v2@{},int8",
    "mobilenet_v1@{},uint8",
    "yolov8n@{},int8",
)


def _build(name: str, size: int) -> Model:
    return build(parse_spec(name.format(size)))


@pytest.mark.parametrize("name", _NAMES)
def test_models_of_several_sizes_share_their_weights(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_MEMORY", LayerMemory(most_bytes=0))
    alone = _build(name, 96)
    monkeypatch.setattr(weights, "_MEMORY", LayerMemory())
    other, same = _build(name, 64), _build(name, 96)
    assert serialize_model(same) == serialize_model(alone)
    theirs = {id(tensor.buffer) for tensor in other.main.tensors}
    sizes = {id(tensor.buffer): tensor.buffer.size_bytes for tensor in same.main.tensors}
    # What follows the mean over all pixels depends on their number: in MobileNetV2 the classifier, a third of it.
    assert sum(size for buffer, size in sizes.items() if buffer in theirs) > 0.6 * sum(sizes.values())


def test_another_number_format_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_MEMORY", LayerMemory(most_bytes=0))
    alone = serialize_model(_build("mobilenet_v1@{},float32,alpha=0.25", 64))
    monkeypatch.setattr(weights, "_MEMORY", LayerMemory())
    _build("mobilenet_v1@{},int8,alpha=0.25", 64)
    assert serialize_model(_build("mobilenet_v1@{},float32,alpha=0.25", 64)) == alone
