"""The golden, and operators cut out of a model: together they compute what the whole does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import npufit
from npufit.errors import InputError
from npufit.execution import Reference, random_inputs
from npufit.execution.segment import Segment
from npufit.execution.steps import run_steps
from npufit.graph import Operator


def test_every_tensor_of_a_network_is_there() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    values = Reference(model).run(random_inputs(model))
    assert sorted(values) == sorted(tensor for operator in model.main.operators for tensor in operator.outputs)
    assert all(values[index].shape == model.main.tensors[index].shape for index in values)


def test_a_second_run_starts_anew() -> None:
    model = npufit.load("zoo:mobilenet_v1@96,uint8,alpha=0.25")
    reference = Reference(model)
    first = reference.run(random_inputs(model, 0))
    other = reference.run(random_inputs(model, 1))
    again = reference.run(random_inputs(model, 0))
    output = model.main.outputs[0]
    assert not np.array_equal(first[output], other[output])
    assert all(np.array_equal(first[index], again[index]) for index in first)


@pytest.mark.parametrize("length", [1, 3, 100])
def test_segments_of_any_length_compute_what_the_whole_does(length: int) -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    inputs = random_inputs(model)
    count = len(model.main.operators)
    steps = [Segment(model, range(first, min(count, first + length))) for first in range(0, count, length)]
    values = run_steps(model, (step.observe for step in steps), inputs)
    golden = Reference(model).run(inputs)
    assert all(np.array_equal(values[index], golden[index]) for index in golden)


def test_a_step_that_lacks_its_input_is_an_error() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    with pytest.raises(InputError, match="is read before a step has written it"):
        run_steps(model, [Segment(model, [3]).run], random_inputs(model))


def test_what_litert_does_not_have_is_the_users_input() -> None:
    model = npufit.load("zoo:mobilenet_v1@96,uint8,alpha=0.25")
    custom = Operator("CUSTOM", model.main.inputs, model.main.outputs, custom_code="mystery")
    broken = replace(model, subgraphs=(replace(model.main, operators=(custom,)),))
    with pytest.raises(InputError, match=r"LiteRT cannot load it.*mystery"):
        Reference(broken)


def test_axes_that_only_litert_minds_are_repaired() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    operator = next(operator for operator in model.main.operators if operator.type == "CONV_2D")
    bias = model.main.tensors[operator.inputs[2]]
    assert len(bias.quantization.scales) > 1
    odd = replace(bias, quantization=replace(bias.quantization, axis=3))
    tensors = tuple(odd if tensor is bias else tensor for tensor in model.main.tensors)
    changed = replace(model, subgraphs=(replace(model.main, tensors=tensors),))
    inputs = random_inputs(model)
    golden, values = Reference(model).run(inputs), Reference(changed).run(inputs)
    assert all(np.array_equal(values[index], golden[index]) for index in golden)
