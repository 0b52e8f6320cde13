"""Files that were compiled before are read, not compiled."""

from __future__ import annotations

from networks.chains import chain
from npufit.checking import check
from npufit.chips import load_chip
from npufit.graph import Model
from npufit.stacks.placement import Traffic
from npufit.stacks.vela.runner import run_vela
from npufit.stacks.vela.settings import resolve_settings
from npufit.tflite import parse_model, read_model, serialize_model
from real_files import find_model
from stacks.vela.on_vela import place, units


def compiled(model: Model, accelerator: str = "ethos-u65-256") -> Model:
    """Return `model` as the real Vela compiles it."""
    settings = resolve_settings(load_chip("imx93"), (("accelerator", accelerator),))
    return parse_model(run_vela(serialize_model(model), settings, 60.0).compiled, "compiled")


def test_the_placement_is_in_the_file() -> None:
    placement = place(compiled(chain("RELU", "SQUARE", "ABS")), time_limit_s=0.0)
    assert units(placement) == ["npu", "cpu", "npu"]
    assert [(part.operators, part.traffic.input_bytes, part.traffic.output_bytes) for part in placement.partitions] == [
        ((0,), 1024, 1024),
        ((2,), 1024, 1024),
    ]
    finding = placement.operators[1].finding
    assert finding is not None
    assert finding.rule.id == "vela.unexplained"
    assert placement.hazards == ()
    assert [(setting.name, setting.value) for setting in placement.settings] == [("accelerator", "ethos-u65-256")]


def test_no_time_is_predicted_for_calls_that_do_not_tell_what_they_compute() -> None:
    result = check(compiled(chain("RELU", "SQUARE", "ABS")), "imx93/vela")
    assert result.estimate is None


def test_another_accelerator_is_a_hazard() -> None:
    placement = place(compiled(chain("RELU"), "ethos-u65-512"), time_limit_s=0.0)
    (hazard,) = placement.hazards
    assert hazard.rule.id == "vela.other-accelerator"
    assert hazard.message == "the command stream was compiled for ethos-u65-512; the chip has ethos-u65-256"


def test_a_real_file_for_the_ethos_u55() -> None:
    placement = place(read_model(find_model("person_detect_vela.tflite")), time_limit_s=0.0)
    assert units(placement) == ["npu"]
    (hazard,) = placement.hazards
    assert hazard.found == "ethos-u55-256"
    assert placement.partitions[0].traffic == Traffic(96 * 96, 2)
