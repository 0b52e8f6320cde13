"""LiteRT in a process of its own: a file that kills it, hangs it or wants all memory is one error, and work goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # pyright: ignore[reportMissingTypeStubs]

import npufit
from npufit.errors import InputError
from npufit.execution import Partial, Reference, random_inputs
from npufit.execution.reference import computed_tensors
from npufit.graph import Buffer, ElementType, Model, Operator, OtherOptions, Subgraph, Tensor
from npufit.litert import WORKER, Failure, LitertFailureError, LitertRefusalError, LitertWorker, Request
from npufit.tflite import serialize_model
from real_files import find_model

_FLOAT = Tensor("x", (1, 4), ElementType.FLOAT32)
_BOOL = Tensor("go", (1,), ElementType.BOOL)


def _endless() -> Model:
    """Return a loop whose condition never becomes false."""
    options = OtherOptions("WhileOptions", (("cond_subgraph_index", 1), ("body_subgraph_index", 2)))
    main = Subgraph((_BOOL, _BOOL), (0,), (1,), (Operator("WHILE", (0,), (1,), options),))
    condition = Subgraph((_BOOL, _BOOL), (0,), (1,), (Operator("LOGICAL_OR", (0, 0), (1,)),))
    body = Subgraph((_BOOL, _BOOL), (0,), (1,), (Operator("LOGICAL_OR", (0, 0), (1,)),))
    return Model("endless", (main, condition, body))


def _chain(*operators: Operator) -> Model:
    return Model("chain", (Subgraph((_FLOAT,) * (len(operators) + 1), (0,), (len(operators),), operators),))


def _huge() -> Model:
    """Return a model that makes a tensor of 64 GB of a small input."""
    tensors = (Tensor("shape", (2,), ElementType.INT32), Tensor("one", (), ElementType.FLOAT32), _FLOAT)
    return Model("huge", (Subgraph(tensors, (0, 1), (2,), (Operator("FILL", (0, 1), (2,)),)),))


def test_values_are_those_of_an_interpreter_in_this_process() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    inputs = random_inputs(model)
    interpreter: Any = Interpreter(
        model_content=serialize_model(model),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    for index, values in inputs.items():
        interpreter.set_tensor(index, values)
    interpreter.invoke()
    found = Reference(model).run(inputs)
    assert set(found) == set(computed_tensors(model))
    for index, values in found.items():
        expected = interpreter.get_tensor(index)
        assert values.dtype == expected.dtype
        assert np.array_equal(values, expected)
    wanted = model.main.outputs
    assert set(Reference(model).run(inputs, wanted)) == set(wanted)


def test_one_process_serves_all_models() -> None:
    models = [_chain(Operator(kind, (0,), (1,))) for kind in ("RELU", "ABS", "NEG")]
    references = [Reference(model) for model in models]
    generation = WORKER.generation
    values = np.array([[-2.0, -1.0, 1.0, 2.0]], np.float32)
    found = [reference.run({0: values})[1].tolist() for reference in references]
    assert found == [[[0, 0, 1, 2]], [[2, 1, 1, 2]], [[2, 1, -1, -2]]]
    assert WORKER.generation == generation


def test_a_killed_process_is_one_error_and_the_next_run_works(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = LitertWorker()
    model = _chain(Operator("RELU", (0,), (1,)))
    data = serialize_model(model)
    load = Request({"do": "load", "model": 1}, [data], "chain")
    worker.exchange(load)
    process = worker._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    child = process._child  # pyright: ignore[reportPrivateUsage]
    # It dies while it works, not before: the next request finds it alive.
    monkeypatch.setattr(type(process), "is_alive", True)
    os.kill(child.pid, signal.SIGSEGV)
    child.wait()
    with pytest.raises(LitertFailureError, match=r"chain: LiteRT died of signal SIGSEGV") as caught:
        worker.exchange(load)
    assert caught.value.kind is Failure.CRASH
    monkeypatch.undo()
    generation, _ = worker.exchange(load)
    assert generation == 2
    worker.stop()


def test_a_model_is_loaded_again_after_the_process_died() -> None:
    reference = Reference(_chain(Operator("RELU", (0,), (1,))))
    WORKER.stop()
    values = np.array([[-2.0, -1.0, 1.0, 2.0]], np.float32)
    assert reference.run({0: values})[1].tolist() == [[0, 0, 1, 2]]


def test_a_hang_ends_at_the_time_limit() -> None:
    reference = Reference(_endless(), time_limit_s=1.0)
    with pytest.raises(LitertFailureError, match=r"endless: LiteRT did not finish within 1 s.*--time-limit") as caught:
        reference.run({0: np.array([True])})
    assert caught.value.kind is Failure.TIME
    assert Reference(_chain(Operator("RELU", (0,), (1,)))).run({0: np.ones((1, 4), np.float32)})


def test_memory_is_bounded() -> None:
    reference = Reference(_huge())
    with pytest.raises((LitertFailureError, LitertRefusalError), match="huge: LiteRT"):
        reference.run({0: np.array([1 << 17, 1 << 17], np.int32), 1: np.ones((), np.float32)})
    assert Reference(_chain(Operator("RELU", (0,), (1,)))).run({0: np.ones((1, 4), np.float32)})


def test_no_process_is_left_behind() -> None:
    program = "from npufit.litert import WORKER; WORKER.prepare(); print(WORKER._process._child.pid)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    with pytest.raises(ProcessLookupError):
        os.kill(int(printed.stdout), 0)


def test_starting_the_process_imports_neither_numpy_nor_litert() -> None:
    program = "import sys, npufit.litert; print({'numpy', 'ai_edge_litert'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert printed.stdout.strip() == "set()"


def test_svdf_of_another_runtime_is_not_executed() -> None:
    """LiteRT's kernel writes 16 bits to each of its states, which have 8."""
    path = find_model("hard/keyword_scrambled_8bit.tflite")
    if not path.exists():
        pytest.skip(f"{path} is not there")
    model = npufit.load(path)
    with pytest.raises(InputError, match=r"operator 1 \(SVDF\): LiteRT's kernel reads the state .* int16"):
        Reference(model)
    partial = Partial(model, lambda _: None)
    assert [entry.operator for entry in partial.left_out if entry.is_cause] == [1, 3, 5, 7, 9, 10, 11]
    # What the first of them reads is computed, and nothing after it.
    assert set(partial.run(random_inputs(model))) == {model.main.operators[0].outputs[0]}
    wide = {model.main.operators[index].inputs[position] for index in (1, 3, 5, 7, 9, 10, 11) for position in (2, 4)}
    assert {model.main.tensors[index].element for index in wide} == {ElementType.INT8}


def test_an_operator_that_litert_does_not_have_is_left_out() -> None:
    unknown = Operator("CUSTOM", (1,), (2,), custom_code="mystery")
    model = _chain(Operator("RELU", (0,), (1,)), unknown, Operator("ABS", (2,), (3,)))
    values = {0: np.array([[-2.0, -1.0, 1.0, 2.0]], np.float32)}
    alone = Partial(model, lambda _: None)
    assert set(alone.run(values)) == {1}
    assert [(entry.operator, entry.is_cause) for entry in alone.left_out] == [(1, True), (2, False)]
    fed = Partial(model, lambda _: np.full((1, 4), -3, np.float32))
    assert fed.run(values)[3].tolist() == [[3, 3, 3, 3]]
    assert [entry.operator for entry in fed.left_out] == [1]


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (Operator("RELU", (1,), (2,), version=77), "LiteRT has no kernel for it"),
        (Operator("CUSTOM", (1,), (2,), custom_code="FlexErf"), "LiteRT has no kernel for it"),
        (Operator("ADD", (1,), (2,)), "LiteRT refuses it: .*NumInputs"),
    ],
)
def test_what_litert_refuses_is_left_out_with_its_reason(odd: Operator, why: str) -> None:
    model = _chain(Operator("RELU", (0,), (1,)), odd)
    partial = Partial(model, lambda _: None)
    (entry,) = partial.left_out
    assert entry.operator == 1
    assert re.search(why, entry.why)
    assert set(partial.run({0: np.ones((1, 4), np.float32)})) == {1}


def test_a_model_of_which_nothing_can_be_executed_says_why() -> None:
    partial = Partial(_chain(Operator("CUSTOM", (0,), (1,), custom_code="mystery")), lambda _: None)
    assert partial.run({}) == {}
    assert partial.refusal is not None
    assert "mystery" in str(partial.refusal)


def test_variables_start_as_the_file_says() -> None:
    state = replace(_FLOAT, name="state", is_variable=True, buffer=Buffer(np.full((1, 4), 5, np.float32).tobytes()))
    graph = Subgraph((_FLOAT, state, _FLOAT), (0,), (2,), (Operator("ADD", (0, 1), (2,)),))
    found = Reference(Model("state", (graph,))).run({0: np.ones((1, 4), np.float32)})
    assert found[2].tolist() == [[6, 6, 6, 6]]
