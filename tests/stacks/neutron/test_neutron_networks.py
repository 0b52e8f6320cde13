"""Networks with public observations are recognised by structure, and the observations are told as such."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from npufit.graph import Model
from npufit.stacks.neutron.networks import Network, recognise
from npufit.stacks.neutron.observations import OBSERVATIONS
from npufit.stacks.placement import Note
from npufit.stacks.rule import Evidence
from npufit.tflite import read_model
from real_files import find_model
from stacks.neutron.on_neutron import place, zoo

_KERAS = {
    "keras_mobilenet_v2_224_int8_per_channel": 224,
    "keras_mobilenet_v2_224_int8_per_tensor_io_int8": 224,
    "keras_mobilenet_v2_320_int8_per_channel": 320,
}


@pytest.fixture(autouse=True)
def without_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take care that no converter is found on this machine's PATH."""
    monkeypatch.setenv("PATH", "")


def _notes(model: Model, version: str = "1.16") -> tuple[Note, ...]:
    return place(model, version).notes


@pytest.mark.parametrize(
    ("text", "network", "size", "pads"),
    [
        ("mobilenet_v2@224,int8", Network.KERAS_MOBILENET_V2, 224, 4),
        ("mobilenet_v2@256,int8,io=int8", Network.KERAS_MOBILENET_V2, 256, 4),
        ("mobilenet_v2@320,int8,pad=folded", Network.KERAS_MOBILENET_V2, 320, 0),
        ("mobilenet_v1@224,int8", Network.MOBILENET_V1, 224, 4),
        ("mobilenet_v1@192,uint8", Network.MOBILENET_V1, 192, 0),
        ("resnet50_v2@96,int8", Network.RESNET50_V2, 96, 18),
        ("ssd_mobilenet_v2@300,int8", Network.SSD_MOBILENET_V2, 300, 0),
    ],
)
def test_a_network_is_recognised_at_any_size(text: str, network: Network, size: int, pads: int) -> None:
    found = recognise(zoo(text))
    assert found is not None
    assert (found.network, found.height, found.width, found.pads) == (network, size, size, pads)


@pytest.mark.parametrize(
    "text", ["mobilenet_v2@224,int8,alpha=0.5", "mobilenet_v2@224,float32", "inception_v1", "ssd_mobilenet_v1"]
)
def test_other_networks_are_not_recognised(text: str) -> None:
    assert recognise(zoo(text)) is None


def test_one_operator_less_is_another_network() -> None:
    model = zoo("mobilenet_v2@96,int8")
    graph = model.main
    shorter = replace(graph, operators=graph.operators[:30] + graph.operators[31:])
    assert recognise(replace(model, subgraphs=(shorter,))) is None


def test_real_files_are_recognised_or_left_alone(real_model: Path) -> None:
    found = recognise(read_model(real_model))
    keras = found is not None and found.network is Network.KERAS_MOBILENET_V2
    assert keras == (real_model.stem in _KERAS)
    if found is not None and keras:
        assert (found.height, found.pads) == (_KERAS[real_model.stem], 4)


def test_real_yolo_v8_is_recognised() -> None:
    found = recognise(read_model(find_model("yolov8n_640_full_integer_quant.tflite")))
    assert found is not None
    assert (found.network, found.height) == (Network.YOLO_V8N, 640)


@pytest.mark.parametrize("size", [224, 320])
def test_the_public_pair_is_told_with_source_and_both_sizes(size: int) -> None:
    observed = [note for note in _notes(zoo(f"mobilenet_v2@{size},int8")) if note.evidence is Evidence.OBSERVED]
    pair = [note.text for note in observed if "29531" in note.source]
    assert any("82 of 88" in text and "3.17 ms" in text and "37.21 ms" in text for text in pair)
    assert any("22 of 88" in text and "87.38 ms" in text and "76.08 ms" in text for text in pair)
    assert [str(size) in text for text in pair if "the size of this file" in text] == [True]


@pytest.mark.parametrize(("size", "counts"), [(224, (0, 1, 0)), (320, (3, 6, 20))])
# At 224x224 the one above is block_1_pad, which moves more bytes than any convolution.
def test_no_limit_on_operators_explains_the_pair(size: int, counts: tuple[int, int, int]) -> None:
    (text,) = (note.text for note in _notes(zoo(f"mobilenet_v2@{size},int8,io=int8")) if "No limit" in note.text)
    tensor, both, line = counts
    assert f"{tensor} are larger in one tensor" in text
    assert f"{both} are larger in input and output" in text
    assert f"{line} are larger in one line" in text


def test_experiments_come_in_the_order_of_cost() -> None:
    experiments = [note.text for note in _notes(zoo("mobilenet_v2@320,int8")) if note.text.startswith("Experiment")]
    assert [text.split(".")[0] for text in experiments] == [f"Experiment {n} of 5" for n in range(1, 6)]
    assert "release" in experiments[0]
    assert "pad=folded" in experiments[1]


@pytest.mark.parametrize(("version", "said"), [("1.16", False), ("3.1", True)])
def test_other_releases_are_not_claimed_to_lose_operators(version: str, said: bool) -> None:
    notes = _notes(zoo("mobilenet_v2@320,int8"), version)
    assert any("reported for 1.16 only" in note.text for note in notes) is said


@pytest.mark.parametrize(
    "text", ["mobilenet_v1@224,uint8", "resnet50_v2@96,int8", "ssd_mobilenet_v2", "mobilenet_v2@96"]
)
def test_every_recognised_network_is_followed_by_an_observation_with_its_source(text: str) -> None:
    observed = [note for note in _notes(zoo(text)) if note.text.startswith("Observed")]
    assert observed
    assert all(note.source and note.evidence is Evidence.OBSERVED for note in observed)


def test_every_network_has_an_observation() -> None:
    assert {network for observation in OBSERVATIONS for network in observation.networks} == set(Network)
