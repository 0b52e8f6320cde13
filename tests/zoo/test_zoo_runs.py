"""Every network runs in LiteRT, and its activations neither die nor saturate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from runs import DETECTORS, FAMILIES, Array, example, name_at, network, noise_image, outputs, real, run, smooth_image

from npufit.graph import Model, wire
from npufit.zoo import Precision, entries, parse_spec
from npufit.zoo.builder import LEAST_HARD_SWISH, LEAST_SWISH

LEAST_DEVIATION = 4.0
"""Standard deviation of a tensor in steps; 6 is the least that was measured, on the smallest maps of the detectors."""

LEAST_DEVIATION_FLOAT = 0.1
"""The same for float; 0.13 is the least that was measured, of gates in 0..1."""

LEAST_DISTINCT = 12
"""Distinct values of a tensor; 14 is the least that was measured, of 24 elements."""

LEAST_SIZE = 24
"""Elements of a tensor below which its values are too few to judge: an autoencoder's waist, logits of a few classes."""

LEAST_DISTINCT_ANSWERS = 3
"""Distinct probabilities, or coordinates; a random network of 1000 classes is sure of few, the others round to 0."""

MOST_AT_LIMIT = 0.05
"""Share of elements at a limit of the type; 0.035 is the most that was measured, 0.011 on maps above 4x4."""

LEAST_SPATIAL_SHARE = 0.3
"""How much of a map's standard deviation lies between places of the same channel, so depends on the image; 0.36 is the
least that was measured, behind an average."""

MOST_ALIKE = 0.97
"""Correlation of the answers to two images; 0.93 is the most that was measured, on small maps of MobileNet V2."""

NAMES = [name_at(entry, 96 if entry.name.startswith("ssd") else 64) for entry in FAMILIES]
IMAGES = [(noise_image, precision) for precision in Precision] + [(smooth_image, Precision.INT8)]
PROBABILITIES = ("SOFTMAX", "LOGISTIC")
NOT_JUDGED = (*PROBABILITIES, "DEQUANTIZE", "SHAPE", "STRIDED_SLICE", "PACK", "CUSTOM")


HEAVY = ("facenet512", "resnet50@", "wav2letter", "whenet")
"""Networks that take seconds in the reference kernels: they run in int8 only."""

CASES = [
    (name, image, precision)
    for name in NAMES
    for image, precision in IMAGES
    if not name.startswith(HEAVY) or (image, precision) == (noise_image, Precision.INT8)
]


@pytest.mark.parametrize(("name", "image", "precision"), CASES)
def test_activations_neither_die_nor_saturate(name: str, image: Callable[[int], Array], precision: Precision) -> None:
    model = network(f"{name},{precision}")
    values = run(model, example(name, image))
    assert _unhealthy(model, values) == []
    answers = values[model.main.outputs[0]]
    assert len(np.unique(answers)) >= min(LEAST_DISTINCT_ANSWERS, answers.size)


@pytest.mark.parametrize("name", DETECTORS)
def test_activations_of_detectors_neither_die_nor_saturate(name: str) -> None:
    model = network(name)
    assert _unhealthy(model, run(model, noise_image(*parse_spec(name).image_size))) == []


@pytest.mark.parametrize(
    "name",
    ["mobilenet_v2@224,int8", "mobilenet_v2@320,int8", "resnet50_v2@224,int8", "ssd_mobilenet_v1@300,uint8"],
)
@pytest.mark.slow
def test_activations_are_healthy_at_the_usual_size(name: str) -> None:
    model = network(name)
    assert _unhealthy(model, run(model, noise_image(parse_spec(name).size))) == []


@pytest.mark.parametrize("name", [entry.name for entry in FAMILIES if not entry.fixed_shape])
@pytest.mark.parametrize("offset", [0, 18], ids=["smallest", "larger"])
def test_sizes_that_nothing_divides_run(name: str, offset: int) -> None:
    smallest = next(entry.smallest_size for entry in entries() if entry.name == name)
    size = smallest + offset
    model = network(f"{name}@{size},int8")
    for index, array in run(model, noise_image(size)).items():
        assert array.shape == model.main.tensors[index].shape


@pytest.mark.parametrize("name", ["mobilenet_v2", "inception_v2", "ssd_mobilenet_v1"])
def test_images_need_not_be_square(name: str) -> None:
    model = network(f"{name}@96x161")
    values = run(model, noise_image(96, 161))
    assert _unhealthy(model, values) == []
    assert all(array.shape == model.main.tensors[index].shape for index, array in values.items())


@pytest.mark.parametrize(
    "name", ["mobilenet_v1@64,alpha=0.25", "mobilenet_v2@64,alpha=0.35", "mobilenet_v2@64,alpha=1.4"]
)
def test_widths_run(name: str) -> None:
    model = network(name)
    assert _unhealthy(model, run(model, noise_image(64))) == []


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "resnet50_v2"])
def test_folded_padding_computes_the_same(name: str) -> None:
    explicit, folded = (network(f"{name}@64,int8,pad={style}") for style in ("explicit", "folded"))
    assert len(folded.main.operators) < len(explicit.main.operators)
    np.testing.assert_array_equal(outputs(explicit, noise_image(64))[0], outputs(folded, noise_image(64))[0])


def test_conversions_at_the_ends_change_nothing() -> None:
    models = [network(f"mobilenet_v2@64,int8,io={boundary}") for boundary in ("float", "int8", "uint8")]
    found = [real(outputs(model, noise_image(64))[0], model.main.tensors[model.main.outputs[0]]) for model in models]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    np.testing.assert_allclose(found[0], found[2], atol=1e-6)


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50_v2", "inception_v1", "inception_v2"])
def test_quantized_networks_compute_what_the_float_network_does(name: str) -> None:
    kinds = ("float32", "int8", "int8-per-tensor")
    exact, per_channel, per_tensor = (_logits(network(f"{name}@64,{kind}"), 1) for kind in kinds)
    # Measured: 0.92 to 0.997 and 0.90 to 0.99; the many layers of ResNet50 V2 add up the most rounding.
    assert np.corrcoef(exact, per_channel)[0, 1] > 0.88
    assert np.corrcoef(exact, per_tensor)[0, 1] > 0.85


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "resnet50_v2", "inception_v1", "inception_v2"])
def test_the_answer_depends_on_the_image(name: str) -> None:
    model = network(f"{name}@64,int8")
    first, second = _logits(model, 1), _logits(model, 2)
    assert np.corrcoef(first, second)[0, 1] < MOST_ALIKE


def test_detections_are_boxes_with_falling_scores() -> None:
    for options in ("float32", "int8", "uint8"):
        boxes, classes, scores, count = outputs(network(f"ssd_mobilenet_v2@96,{options}"), noise_image(96))
        assert boxes.shape == (1, 10, 4)
        assert count.tolist() == [10.0]
        assert ((classes >= 0) & (classes < 90)).all()
        assert (np.diff(scores[0]) <= 0).all()
        assert 0 < scores.min() <= scores.max() < 1


def _logits(model: Model, seed: int) -> Array:
    """Return the real values in front of SOFTMAX."""
    softmax = next(operator for operator in model.main.operators if operator.type == "SOFTMAX")
    values = run(model, smooth_image(64, seed))[softmax.inputs[0]]
    return real(values, model.main.tensors[softmax.inputs[0]]).ravel()


def _unhealthy(model: Model, values: dict[int, Array]) -> list[str]:
    """Return what is wrong with the activations, a sentence each."""
    graph = model.main
    producer = wire(graph).producer
    problems: list[str] = []
    for index, array in values.items():
        maker = producer[index]
        assert maker is not None
        if graph.operators[maker].type in NOT_JUDGED or array.size < LEAST_SIZE:
            continue
        tensor = graph.tensors[index]
        where = f"{tensor.name} {array.shape}"
        assert np.isfinite(array).all(), where
        deviation = float(array.astype(np.float64).std())
        least = LEAST_DEVIATION if tensor.quantization.is_quantized else LEAST_DEVIATION_FLOAT
        if deviation < least:
            problems.append(f"{where}: deviation {deviation:.2f}")
        if len(np.unique(array)) < LEAST_DISTINCT:
            problems.append(f"{where}: {len(np.unique(array))} distinct values")
        if tensor.quantization.is_quantized:
            lowest, highest = tensor.element.integer_range
            # At the zero point of a ReLU a limit is no saturation.
            # Neither is it at the floor of swish, which is flat there.
            bottom = (lowest - tensor.quantization.zero_point) * tensor.quantization.scale
            is_floor = any(abs(bottom - least) < tensor.quantization.scale for least in (LEAST_SWISH, LEAST_HARD_SWISH))
            floors = {lowest} if is_floor else set[int]()
            for limit in {lowest, highest} - {tensor.quantization.zero_point} - floors:
                share = int(np.count_nonzero(array == limit)) / array.size
                if share > MOST_AT_LIMIT:
                    problems.append(f"{where}: {share:.3f} at {limit}")
        # One pixel that is enlarged to a map stays the same everywhere.
        if array.ndim == 4 and array.shape[1] >= 4 and "image_pooling" not in tensor.name:
            within: Array = array.astype(np.float64).var(axis=(1, 2))
            share = float(within.mean()) ** 0.5 / deviation
            if share < LEAST_SPATIAL_SHARE:
                problems.append(f"{where}: spatial share {share:.2f}")
    return problems
