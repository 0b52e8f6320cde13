"""Runs beside the reference kernels: CPU operators take their results where they had the same bytes, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from npufit.execution import random_inputs
from npufit.loading import load
from npufit.running import CPU, OnCpu, OnNpu, prepare
from real_files import find_capture, find_model


@pytest.mark.parametrize(("name", "is_capture"), [("resize3x", False), ("residual_chain", True)])
def test_results_are_reused_only_for_the_same_bytes(name: str, is_capture: bool) -> None:
    model = load(find_model(f"micro/{name}.tflite"))
    beside = prepare(model, find_capture(f"micro/{name}") if is_capture else "imx93/vela")
    reference = prepare(model, CPU)
    assert isinstance(beside, OnNpu)
    assert isinstance(reference, OnCpu)
    shared = beside.runner.shared_tensors
    inputs = random_inputs(model)
    results = reference.partial.run(inputs, (*model.main.outputs, *shared))
    alone = beside.run(inputs)
    taken, reused = beside.run_beside(inputs, results)
    assert reused == 1
    wrong = {index: array ^ 1 if index in shared else array for index, array in results.items()}
    computed, none_reused = beside.run_beside(inputs, wrong)
    assert none_reused == 0
    without, also_none = beside.run_beside(inputs, {})
    assert also_none == 0
    for index, array in alone.items():
        assert all(np.array_equal(array, found[index]) for found in (taken, computed, without))
