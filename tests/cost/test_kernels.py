"""LiteRT's own kernels and XNNPACK's."""

from __future__ import annotations

import pytest

import npufit
from npufit.cost import EstimateOptions, Kernels, estimate
from npufit.errors import InputError
from npufit.graph import Model
from real_files import find_model


@pytest.fixture(scope="module")
def model() -> Model:
    return npufit.load("zoo:mobilenet_v2@96,int8")


def _alone(model: Model, target: str, kernels: Kernels | None) -> tuple[float, str]:
    found = estimate(model, npufit.check(model, target).placement, EstimateOptions(kernels=kernels, threads=1))
    assert found is not None
    return found.cpu_only_ms, found.cpu_band.origin


@pytest.mark.parametrize(
    ("target", "own"), [("imx93/teflon@26.1", Kernels.BUILTIN), ("imx95/neutron", Kernels.XNNPACK)]
)
def test_each_chip_has_the_kernels_that_were_measured_there(model: Model, target: str, own: Kernels) -> None:
    assert _alone(model, target, None) == _alone(model, target, own)


@pytest.mark.parametrize("target", ["imx93/teflon@26.1", "imx95/neutron"])
def test_xnnpack_is_faster_on_the_same_core_and_a_lent_rate_is_a_guess(model: Model, target: str) -> None:
    times = {kernels: _alone(model, target, kernels) for kernels in Kernels}
    assert times[Kernels.XNNPACK][0] < times[Kernels.BUILTIN][0]
    assert sum("guess" in origin and "same core" in origin for _, origin in times.values()) == 1


def test_kernels_that_nobody_measured_on_a_core_are_refused(model: Model) -> None:
    with pytest.raises(InputError, match="no time of these kernels"):
        _alone(model, "imx8mp/teflon", Kernels.XNNPACK)


def test_an_operator_that_nothing_is_known_of_is_named() -> None:
    model = npufit.load(str(find_model("hard/posenet_mobilenet_v1_075_353_481_decoder.tflite")))
    found = estimate(model, npufit.check(model, "imx93/teflon@26.1").placement)
    assert found is not None
    assert any("PosenetDecoderOp" in warning and "estimated as ADD" in warning for warning in found.warnings)
