"""Detectors and segmenters have the work and the parameters of the published networks."""

from __future__ import annotations

import pytest
from runs import network, noise_image, run

from npufit.graph import Model, measure_work
from npufit.tflite import serialize_model
from npufit.zoo import parse_spec

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")


@pytest.mark.parametrize(
    ("name", "parameters", "mega_macs"),
    [
        # Ultralytics' own counts of the fused networks, GFLOPs halved. It counts a transposed convolution by its
        # output, four times the multiplications of the masked one: 12.6 GFLOPs are 12.0 then.
        ("yolov8n", 3_151_904, 8.7e3 / 2),
        ("yolov8s", 11_156_544, 28.6e3 / 2),
        ("yolov8n_seg", 3_404_320, 12.0e3 / 2),
        ("yolov8n_pose", 3_289_964, 9.2e3 / 2),
        pytest.param("yolov8m", 25_886_080, 78.9e3 / 2, marks=pytest.mark.slow),
        pytest.param("yolov8l", 43_668_288, 165.2e3 / 2, marks=pytest.mark.slow),
        pytest.param("yolov8x", 68_200_608, 257.8e3 / 2, marks=pytest.mark.slow),
        pytest.param("yolov8s_seg", 11_810_560, 40.1e3 / 2, marks=pytest.mark.slow),
    ],
)
def test_yolov8_is_the_published_network(name: str, parameters: int, mega_macs: float) -> None:
    model = network(name)
    # The convolution that averages distances has a bias in the file.
    assert _parameters(model) == parameters + 1
    assert _mega_macs(model) == pytest.approx(mega_macs, rel=0.006)


@pytest.mark.parametrize(
    ("name", "mega_macs", "parameters", "tolerance"),
    [
        # NXP's model zoo, README of yolov4tiny: 6.9 GFLOPs and 6.05 M parameters.
        ("yolov4_tiny", 6.9e3 / 2, 6.05e6, 0.002),
        # tensorflow/models research/deeplab, g3doc/model_zoo.md: 0.88 and 2.75 B multiply-adds; of the file at hand,
        # which equals the first, the parameters.
        ("deeplab_v3,alpha=0.5", 880, 688_357, 0.015),
        ("deeplab_v3", 2750, None, 0.004),
        # arXiv:2004.14525, the network searched for the Edge TPU: 1.53 B multiply-adds.
        ("ssdlite_mobiledet,uint8", 1530, None, 0.003),
        # NXP's model zoo, README of centernet: 4.72 GFLOPs, which count additions as well, and 2.36 M parameters.
        ("centernet", 4.72e3 / 2, 2.36e6, 0.013),
    ],
)
def test_networks_have_the_published_work(
    name: str, mega_macs: float, parameters: float | None, tolerance: float
) -> None:
    model = network(name)
    assert _mega_macs(model) == pytest.approx(mega_macs, rel=tolerance)
    assert parameters is None or _parameters(model) == pytest.approx(parameters, rel=0.008)


@pytest.mark.slow
def test_lane_detection_has_the_size_of_the_published_file() -> None:
    """NXP's imx-lane-detection says 58.636 M, in units of 1024 x 1024 bytes."""
    model = network("ultra_fast_lane,io=int8")
    assert len(serialize_model(model)) / 2**20 == pytest.approx(58.636, rel=0.002)
    graph = model.main
    assert graph.tensors[graph.inputs[0]].shape == (1, 288, 800, 3)
    assert graph.tensors[graph.outputs[0]].shape == (1, 101, 56, 4)


@pytest.mark.parametrize("precision", ["float32", "int8-per-tensor", "uint8"])
@pytest.mark.parametrize(
    "name", ["yolov8n_pose@96x128", "yolov4_tiny@96", "deeplab_v3@65x97,alpha=0.5", "centernet@64"]
)
def test_other_formats_run(name: str, precision: str) -> None:
    model = network(f"{name},{precision}")
    values = run(model, noise_image(*parse_spec(name).image_size))
    assert all(array.shape == model.main.tensors[index].shape for index, array in values.items())


def _mega_macs(model: Model) -> float:
    return sum(measure_work(model.main, operator).macs for operator in model.main.operators) / 1e6


def _parameters(model: Model) -> int:
    """Return the number of weights and biases."""
    graph = model.main
    constants = {
        index
        for operator in graph.operators
        if operator.type in WEIGHTED
        for index in operator.inputs
        if graph.tensors[index].is_constant and graph.tensors[index].quantization.is_quantized
    }
    return sum(graph.tensors[index].element_count for index in constants)
