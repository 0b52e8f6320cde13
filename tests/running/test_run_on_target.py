"""What Vela compiles, executed: equal to the reference kernels, also through memory that partitions share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import npufit
from networks.operators import compiled_with_names
from npufit.errors import InputError
from npufit.execution import random_inputs
from npufit.execution.compiled import tie_by_name
from npufit.running import RunOptions, prepare, run
from npufit.stacks import Target
from real_files import find_model

_VELA = Target("imx93", "vela", "5.2")
_COMPARE = RunOptions(compare=True, repeat=0)


@pytest.mark.parametrize("name", ["mobilenet_v1@96,uint8,alpha=0.25", "mobilenet_v2@96,int8", "inception_v1@64,int8"])
def test_networks_of_the_zoo_are_equal(name: str) -> None:
    model = npufit.load(f"zoo:{name}")
    result = run(model, _VELA, _COMPARE)
    assert result.comparison is not None
    assert result.comparison.is_equal
    # Most tensors are inside the NPU call and compared nevertheless.
    assert len(result.comparison.tensors) > 0.4 * len(model.main.operators)
    assert result.partitions == 1
    assert result.outputs.keys() == set(model.main.outputs)


def test_a_step_that_vela_is_off_by_is_found_and_tolerated_on_demand() -> None:
    """Vela 5.2 scales FULLY_CONNECTED less exactly than the reference kernels do."""
    model = npufit.load(find_model("ad01_int8.tflite"))
    result = run(model, _VELA, _COMPARE)
    comparison = result.comparison
    assert comparison is not None
    first = comparison.first_difference
    assert first is not None
    assert model.main.operators[first.operator].type == "FULLY_CONNECTED"
    assert first.largest == 1
    assert result.origin is not None
    assert [text.partition(" at ")[0] for text in result.origin.operations] == ["operation 3 (CONV)"]
    tolerant = run(model, _VELA, replace(_COMPARE, tolerance=100)).comparison
    assert tolerant is not None
    assert tolerant.is_equal
    assert any(found.differing for found in tolerant.tensors)


def test_several_calls_with_operators_between_them() -> None:
    model = npufit.load(find_model("fastestdet_shufflenetv2.tflite"))
    result = run(model, _VELA, _COMPARE)
    assert result.partitions > 20
    assert result.comparison is not None
    assert result.comparison.is_equal


def test_a_model_with_nothing_for_the_npu_runs_all_the_same() -> None:
    model = npufit.load(find_model("single_ops/test_exp_int8.tflite"))
    result = run(model, _VELA, _COMPARE)
    assert result.partitions == 0
    assert result.comparison is not None
    assert result.comparison.is_equal


def test_the_target_computes_what_the_cpu_does() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    inputs = random_inputs(model, 7)
    there = run(model, _VELA, RunOptions(inputs, repeat=2))
    here = run(model, "cpu", RunOptions(inputs, repeat=0))
    assert all(np.array_equal(there.outputs[index], here.outputs[index]) for index in here.outputs)
    assert there.seconds.steady is not None
    assert there.seconds.compile is not None
    assert here.seconds.steady is None
    assert here.seconds.compile is None


def test_a_prepared_model_runs_any_number_of_inputs() -> None:
    """Its memory and its streams are those of the first inference; nothing of one input shows in the next."""
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    there, here = prepare(model, _VELA), prepare(model, "cpu")
    found: list[bytes] = []
    for seed in (3, 4, 3):
        inputs = random_inputs(model, seed)
        computed, expected = there.run(inputs), here.run(inputs)
        assert computed.keys() == expected.keys() == set(model.main.outputs)
        assert all(np.array_equal(computed[index], expected[index]) for index in expected)
        found.append(b"".join(values.tobytes() for values in computed.values()))
    assert found[0] == found[2] != found[1]


def test_a_compiled_file_is_compared_with_its_original() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    compiled = compiled_with_names(model)
    assert tie_by_name(compiled, model)
    result = run(compiled, _VELA, replace(_COMPARE, original=model))
    assert result.comparison is not None
    assert result.comparison.is_equal
    assert len(result.comparison.tensors) == 3
    assert result.seconds.compile is None


def test_a_wrong_original_is_found_out() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    compiled = compiled_with_names(model)
    other = npufit.load("zoo:mobilenet_v2@96,int8,alpha=0.5")
    result = run(compiled, _VELA, replace(_COMPARE, original=other))
    assert result.comparison is not None
    assert not result.comparison.is_equal


def test_what_cannot_be_compared_says_why() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    compiled = compiled_with_names(model)
    with pytest.raises(InputError, match="--original"):
        run(compiled, _VELA, _COMPARE)
    with pytest.raises(InputError, match="has no ethos-u operator"):
        run(model, _VELA, replace(_COMPARE, original=model))
    with pytest.raises(InputError, match="only models compiled by Vela"):
        run(model, Target("imx93", "teflon", "25.3"))


@pytest.mark.parametrize("seed", range(3))
def test_a_file_of_an_older_vela_for_the_ethos_u55_is_equal(seed: int) -> None:
    """Its SOFTMAX has the zero point of its input in the register while results are 32 bits wide."""
    compiled = npufit.load(find_model("person_detect_vela.tflite"))
    original = npufit.load(find_model("person_detect.tflite"))
    result = run(compiled, _VELA, replace(_COMPARE, seed=seed, original=original))
    assert result.comparison is not None
    assert result.comparison.is_equal
    assert result.comparison.tensors[0].count == 2


def test_outputs_whose_shape_the_kernel_chooses_are_there() -> None:
    model = npufit.load(find_model("ssd_mobilenet_v1_coco_quant.tflite"))
    result = run(model, _VELA, RunOptions(repeat=0))
    assert [values.shape for values in result.outputs.values()] == [(1, 10, 4), (1, 10), (1, 10), (1,)]
    (note,) = result.notes
    assert "bytes of SRAM" in note


def test_a_file_for_another_accelerator_is_noted() -> None:
    compiled = npufit.load(find_model("person_detect_vela.tflite"))
    original = npufit.load(find_model("person_detect.tflite"))
    (note,) = run(compiled, _VELA, RunOptions(original=original, repeat=0)).notes
    assert "compiled for ethos-u55-256" in note
    assert "imx93 has ethos-u65-256" in note
    small = npufit.load("zoo:mobilenet_v1@32,uint8,alpha=0.25")
    assert run(small, _VELA, RunOptions(repeat=0)).notes == ()
