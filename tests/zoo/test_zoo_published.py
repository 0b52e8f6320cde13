"""Networks have the multiply-accumulates and the parameters that their authors, or those who measured them, publish."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from runs import network

from npufit.graph import Model, measure_work
from npufit.tflite import serialize_model


@dataclass(frozen=True, slots=True)
class _Published:
    """Millions of multiply-accumulates, how far they may be off, and parameters before and after folding.

    Published parameters count four for each channel of a batch normalisation; `folded` is how many of these vanish:
    three a channel where the convolution had no bias of its own, four where it had one, two where the normalisation
    had no scale, one where only trainable ones are counted.
    """

    mega_macs: float
    relative: float
    parameters: int
    folded: int


_ELEMENTWISE = 0.06
"""What normalisations and activations add where the source counts all operations and halves them."""

PUBLISHED = {
    # keras.applications: ResNet50 25 636 712; multiply-accumulates of the paper (arXiv:1512.03385), 3.8e9.
    "resnet50": _Published(3858, 0.01, 25_636_712, 4 * 26_560),
    # tensorflow/tpu efficientnet/lite/README.md: 407 M and 4.7 M; trainable parameters of the port in timm.
    "efficientnet_lite0": _Published(407, _ELEMENTWISE, 4_652_008, 21_008),
    # The same README for the larger ones: 631, 899, 1440 and 2640 M.
    "efficientnet_lite4": _Published(2640, _ELEMENTWISE, 13_006_568, 56_184),
    # mlcommons/tiny: summaries of the Keras models; MACs of arXiv:2106.07597 and of the file of ad01 itself.
    "mlperf_tiny_ad": _Published(0.2642, 0.001, 269_992, 4 * 1_032),
    "mlperf_tiny_kws": _Published(2.66, 0.01, 24_908, 4 * 576),
    "mlperf_tiny_ic": _Published(12.5, 0.01, 78_666, 4 * 240),
    "mlperf_tiny_vww": _Published(7.49, 0.01, 221_794, 4 * 2_736),
    # keras.applications; multiply-adds of arXiv:1905.02244: 56 and 219 M.
    "mobilenet_v3_small": _Published(56, 0.012, 2_554_968, 3 * 6_056),
    "mobilenet_v3_large": _Published(219, 0.012, 5_507_432, 3 * 12_200),
    # eIQ model zoo, whenet/README.md: 781 M operations and 4.4 M; EfficientNetB0 without its head has 4 049 564.
    "whenet": _Published(390.5, _ELEMENTWISE, 4_049_564 + 1_281 * 252, 3 * 21_008),
    # eIQ model zoo, facenet512/README.md: 2.84 GOPS and 23 497 424.
    "facenet512": _Published(1420, 0.002, 23_497_424, 2 * 14_800),
    # eIQ model zoo, deepface-emotion/README.md: 58.5 MOPS; it repeats the parameters of FaceNet512, so Keras' summary.
    "deepface_emotion": _Published(29.25, 0.02, 1_485_831, 0),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_work_and_parameters_are_those_that_are_published(name: str) -> None:
    model, published = network(name), PUBLISHED[name]
    assert _macs(model) / 1e6 == pytest.approx(published.mega_macs, rel=published.relative)
    assert _parameters(model) == published.parameters - published.folded


@pytest.mark.parametrize(
    ("alpha", "mega_macs", "parameters"),
    [(0.75, 223.5, 2.9e6), (1, 312, 3.9e6)],
)
def test_mnasnet_has_the_work_and_the_rounded_parameters(alpha: float, mega_macs: float, parameters: float) -> None:
    """The eIQ model zoo says 447 MOPS and 2.9 M for 0.75; arXiv:1807.11626, 312 M and 3.9 M for the full width."""
    model = network(f"mnasnet_a1,alpha={alpha}")
    assert _macs(model) / 1e6 == pytest.approx(mega_macs, rel=0.002)
    assert _parameters(model) == pytest.approx(parameters, rel=0.01)


def test_wav2letter_has_the_work_and_the_size_of_the_published_file() -> None:
    """The eIQ model zoo says 6982 MOPS; the README beside wav2letter_int8.tflite, 23 815 520 bytes."""
    model = network("wav2letter,io=int8")
    assert 2 * _macs(model) / 1e6 == pytest.approx(6982, rel=0.0001)
    assert len(serialize_model(model)) == pytest.approx(23_815_520, rel=0.003)


def test_resnet50_of_the_eiq_model_zoo_is_version_2() -> None:
    """Its resnet/README.md says 6977 MOPS and 25 613 800 parameters; its script converts ResNet50V2."""
    assert 2 * _macs(network("resnet50_v2,io=int8")) / 1e6 == pytest.approx(6977, rel=0.002)


def _macs(model: Model) -> int:
    return sum(measure_work(model.main, operator).macs for operator in model.main.operators)


def _parameters(model: Model) -> int:
    """Return the number of weights and biases."""
    graph = model.main
    found = 0
    for operator in graph.operators:
        if operator.type in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            found += sum(graph.tensors[index].element_count for index in operator.inputs[1:])
    return found
