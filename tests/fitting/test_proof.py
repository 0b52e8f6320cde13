"""The proof finds what is not the same, says which pass it was, and measures what may differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import npufit
from fitting.wrong_passes import Inexact, Wrong
from networks import INT8, UINT8, Network, quantized
from npufit.checking import check
from npufit.errors import InputError
from npufit.execution.differences import differences
from npufit.fitting import FitOptions, fit
from npufit.fitting.progress import FitStage
from npufit.fitting.proof import extreme_inputs, prove, read_samples, seeded_inputs
from npufit.fitting.search import PassOutcome, SearchOptions, search
from npufit.fitting.step import FitStep
from npufit.graph import Model, Operator
from npufit.rewrite import Pass
from npufit.rewrite.passes.padding import FoldPad
from npufit.rewrite.passes.signedness import ToInt8

_25_3 = "imx93/teflon@25.3"


def _network() -> Model:
    net = Network()
    padded = net.pad(net.input(1, 8, 8, 3), 0, 1, 0, 1)
    net.convolve(net.convolve(padded, 8, stride=2), 10, 1, quantization=quantized(0.1, 3))
    return net.model()


def _steps(model: Model, *passes: Pass) -> tuple[FitStep, ...]:
    options = SearchOptions(asked=True, allow_approximate=True)
    return search(check(model, _25_3), passes, options).steps


def test_exact_passes_are_the_same_on_random_and_extreme_inputs() -> None:
    model = _network()
    news: list[tuple[int, int]] = []

    def note(stage: object, done: int = 0, total: int = 0) -> None:
        assert stage is FitStage.PROOF
        news.append((done, total))

    proof = prove(_steps(model, FoldPad()), (*seeded_inputs(model, 3), *extreme_inputs(model)), note)
    assert (proof.inputs, proof.extremes, proof.refused) == (7, 4, 0)
    assert proof.failure is None
    assert proof.total == ()
    assert news == [(done, 14) for done in range(15)]


def test_the_pass_at_fault_is_found_among_several() -> None:
    model = _network()
    proof = prove(_steps(model, FoldPad(), Wrong()), seeded_inputs(model, 2))
    assert proof.failure is not None
    assert proof.failure.step == 1
    assert proof.failure.why.startswith("output ")
    assert proof.failure.why.endswith("on random values of seed 0")


def test_what_fails_its_proof_is_not_used_and_the_rest_is() -> None:
    model = _network()
    options = FitOptions(passes=(Wrong(), FoldPad()), inputs=1)
    fitted = fit(model, _25_3, options)
    assert [step.pass_.name for step in fitted.steps] == ["fold-pad"]
    assert [(verdict.pass_.name, verdict.outcome) for verdict in fitted.verdicts] == [
        ("wrong", PassOutcome.FAILED),
        ("fold-pad", PassOutcome.TAKEN),
    ]
    assert fitted.failures[0].why.startswith("failed its proof: output")
    assert fitted.proof is not None
    assert fitted.proof.failure is None
    unproven = fit(model, _25_3, replace(options, prove=False))
    assert unproven.proof is None
    assert len(unproven.steps) == 2


def test_approximate_passes_are_measured_one_by_one_and_together() -> None:
    model = _network()
    steps = _steps(model, FoldPad(), Inexact(300), Inexact(500))
    proof = prove(steps, (*seeded_inputs(model, 3), *extreme_inputs(model)))
    assert proof.failure is None
    assert [entry.step for entry in proof.steps] == [1, 2]
    alone, together = (entry[0] for entry in (proof.steps[0].outputs, proof.total))
    assert 0 < alone.mean <= alone.largest <= together.largest
    assert alone.largest_steps == pytest.approx(alone.largest / np.float32(0.1), rel=1e-6)
    assert 0.5 < together.cosine <= alone.cosine < 1.0
    assert alone.top_1 is not None


def test_an_exact_pass_behind_an_approximate_one_is_still_proven() -> None:
    model = _network()
    assert prove(_steps(model, Inexact(300), FoldPad()), seeded_inputs(model, 2)).failure is None
    proof = prove(_steps(model, Inexact(300), FoldPad(), Wrong()), seeded_inputs(model, 2))
    assert proof.failure is not None
    assert proof.failure.step == 2


def test_differences_are_those_of_real_values() -> None:
    net = Network(INT8)
    net.convolve(net.input(1, 2, 2, 1), 3, 1, quantization=quantized(0.5, 10))
    model = net.model()
    output = model.main.outputs[0]
    old = np.array([[10, 12, 14]], np.int8)
    new = np.array([[10, 12, 11]], np.int8)
    (found,) = differences(model, [{output: old}, {output: old}], [{output: old}, {output: new}])
    assert (found.largest, found.largest_steps, found.spread) == (1.5, 3.0, 2.0)
    assert found.mean == pytest.approx(1.5 / 6)
    assert found.top_1 == 0.5
    assert found.cosine == pytest.approx((5 + 1 + 1) / np.sqrt((5 + 5) * (5 + 1 + 0.25)))
    (same,) = differences(model, [{output: old}], [{output: old}])
    assert same.is_equal
    assert (same.cosine, same.top_1) == (pytest.approx(1.0), 1.0)
    (other,) = differences(model, [{output: old}], [{output: old.reshape(3)}])
    assert other.largest == np.inf


def test_nothing_but_numbers_is_compared_as_numbers() -> None:
    net = Network()
    net.input(1, 2)
    model = replace(net.model(), subgraphs=(replace(net.model().main, outputs=(0,)),))
    values = np.array([[np.nan, np.inf]])
    (same,) = differences(model, [{0: values}], [{0: values}])
    assert same.is_equal
    (off,) = differences(model, [{0: values}], [{0: np.array([[1.0, np.inf]])}])
    assert off.largest == np.inf


def test_inputs_and_outputs_are_adapted_to_another_type() -> None:
    net = Network(UINT8)
    net.pool(net.input(1, 8, 8, 4, quantization=quantized(0.05, 7)))
    model = net.model()
    steps = _steps(model, ToInt8())
    assert steps[0].after.model.main.tensors[steps[0].after.model.main.inputs[0]].element is INT8
    proof = prove(steps, (*seeded_inputs(model, 1), *extreme_inputs(model)))
    assert proof.failure is None
    assert proof.inputs == 5


def test_a_result_for_vela_is_simulated() -> None:
    model = npufit.load("zoo:mobilenet_v2@32,int8,alpha=0.35,io=int8")
    fitted = fit(model, "imx93/vela", FitOptions(passes=(FoldPad(),), inputs=1))
    assert fitted.proof is not None
    assert fitted.proof.simulation is not None
    assert fitted.proof.simulation.tensors > 50
    assert fitted.proof.simulation.difference == ""


def test_extremes_are_what_they_are_called() -> None:
    net = Network(UINT8)
    net.input(1, 2, 2, 1, quantization=quantized(0.5, 7))
    named = {entry.name: entry.values[0].ravel().tolist() for entry in extreme_inputs(net.model(0))}
    assert named == {
        "all lowest": [0] * 4,
        "all highest": [255] * 4,
        "all zero": [7] * 4,
        "checkerboard": [0, 255, 255, 0],
    }
    assert all(entry.is_extreme for entry in extreme_inputs(net.model(0)))


def test_samples_are_read_from_a_folder_in_the_order_of_their_names(tmp_path: Path) -> None:
    model = _network()
    for number in (2, 1):
        np.save(tmp_path / f"{number}.npy", np.full((1, 8, 8, 3), number, np.int8))
    (tmp_path / "notes.txt").write_text("not a sample")
    samples = read_samples(model, tmp_path)
    assert [sample.name for sample in samples] == ["1.npy", "2.npy"]
    assert [int(sample.values[0][0, 0, 0, 0]) for sample in samples] == [1, 2]
    assert len(read_samples(model, tmp_path, 1)) == 1
    fitted = fit(model, _25_3, FitOptions(passes=(FoldPad(),), samples=samples))
    assert fitted.from_samples
    assert fitted.proof is not None
    assert fitted.proof.inputs == 6
    np.save(tmp_path / "3.npy", np.zeros((1, 9, 8, 3), np.int8))
    with pytest.raises(InputError, match="the shape is"):
        read_samples(model, tmp_path)


def test_a_folder_without_samples_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no samples"):
        read_samples(_network(), tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_samples(_network(), tmp_path / "absent")


def test_what_litert_cannot_run_cannot_be_proven() -> None:
    model = _network()
    operators = (replace(operator, version=77) for operator in model.main.operators)
    graph = replace(model.main, operators=tuple(operators))
    strange = replace(model, subgraphs=(graph,))
    with pytest.raises(InputError, match=r"nothing can be proven.*--no-prove"):
        fit(strange, _25_3, FitOptions(passes=(FoldPad(),), inputs=1))
    assert fit(strange, _25_3, FitOptions(passes=(FoldPad(),), prove=False)).steps


def _with_custom_operator(model: Model) -> Model:
    """Return `model` with a custom operator in the place of its last one, and a RELU after it."""
    graph = model.main
    last = graph.operators[-1]
    output = graph.tensors[last.outputs[0]]
    custom = Operator("CUSTOM", last.inputs[:1], last.outputs, custom_code="mystery", custom_options=b"")
    after = Operator("RELU", last.outputs, (len(graph.tensors),))
    tensors = (*graph.tensors, replace(output, name="after"))
    changed = replace(
        graph, tensors=tensors, outputs=(len(graph.tensors),), operators=(*graph.operators[:-1], custom, after)
    )
    return replace(model, subgraphs=(changed, *model.subgraphs[1:]), signatures=())


def test_a_network_with_a_custom_operator_is_proven_up_to_it_and_after_it() -> None:
    model = _with_custom_operator(npufit.load("zoo:mobilenet_v2@32,int8-per-tensor,io=int8,alpha=0.35"))
    options = FitOptions(passes=(FoldPad(),), inputs=1)
    fitted = fit(model, "imx93/teflon@25.3", options)
    assert fitted.steps
    assert fitted.proof is not None
    assert fitted.proof.failure is None
    assert fitted.proof.inputs == 5
    (entry,) = fitted.proof.left_out
    assert (entry.operator, entry.name) == (len(model.main.operators) - 2, "mystery")
    assert entry.why == "LiteRT has no kernel for it"
