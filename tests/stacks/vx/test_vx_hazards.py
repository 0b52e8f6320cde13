"""One tiny network per hazard, with a harmless neighbour; and how far a first Invoke really got."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import npufit
from networks import FLOAT32, INT8, INT16, INT32, UINT8, Network
from npufit.graph import (
    NO_TENSOR,
    NOT_QUANTIZED,
    Activation,
    AddOptions,
    ConcatenationOptions,
    Conv2DOptions,
    GatherOptions,
    Model,
    PackOptions,
    Quantization,
    ReshapeOptions,
    StridedSliceOptions,
    TransposeConvOptions,
)
from npufit.stacks import Effect, Evidence, RemedyKind, RuleKind, load_stack
from real_files import ORACLES, find_model
from stacks.vx.on_vx import hazards, other, place

_ORACLE = ORACLES / "vx_oracle.json"
ALL = ("5.15.52", "5.15.71", "6.1.1", "6.1.22", "6.1.36", "6.6.3", "6.6.36", "6.12.34")
_SHRINK = StridedSliceOptions(shrink_axis_mask=1)


@dataclass(frozen=True)
class Case:
    """A network with a hazard on some BSPs, and its neighbour that never has it."""

    rule: str
    bsps: tuple[str, ...]
    hazardous: Callable[[], Model]
    harmless: Callable[[], Model]


def since(first: str) -> tuple[str, ...]:
    """Return `first` and all later BSPs."""
    return ALL[ALL.index(first) :]


def dynamic_batch(between: bool = False, vector: bool = False) -> Model:
    """Return the flattening of a dynamic batch; `between` puts a CPU operator in, `vector` keeps a dimension."""
    network = Network()
    source = network.input(1, 4, 4)
    shape = network.apply("SHAPE", (source,), (3,), other("ShapeOptions", out_type=2), element=INT32)
    bounds = [network.numbers(value) for value in (0, 1, 1)]
    options = StridedSliceOptions() if vector else _SHRINK
    batch = network.apply("STRIDED_SLICE", (shape, *bounds), (1,) if vector else (), options, element=INT32)
    if between:
        batch = network.apply("TILE", (batch, network.numbers(1)), (), element=INT32)
    rest = network.numbers(16, shape=(1,) if vector else ())
    wanted = network.apply("PACK", (batch, rest), (2, 1) if vector else (2,), PackOptions(2, 0), element=INT32)
    network.apply("RESHAPE", (source, wanted), (1, 16), ReshapeOptions(None))
    return network.model()


def gather(
    *, scalar: bool = True, reader: str = "TRANSPOSE", keeps: int = 0, cpu: bool = False, unread: bool = False
) -> Model:
    """Return a GATHER by a scalar or a vector, `keeps` RELUs, and a reader of its result."""
    network = Network()
    source, index = network.input(2, 4, 6), network.numbers(0, shape=() if scalar else (1,))
    shape = (4, 6) if scalar else (1, 4, 6)
    result = network.apply("GATHER", (source, index), shape, GatherOptions())
    for _ in range(keeps):
        result = network.apply("RELU", (result,), shape)
    if cpu:
        result = network.cpu(result)
    if unread:
        return network.model()
    operands = {"TRANSPOSE": (1, 0), "PAD": (0, 0, 1, 1), "RESHAPE": (24,)}[reader]
    constant = network.numbers(*operands, shape=(2, 2) if reader == "PAD" else None)
    after = {"TRANSPOSE": (6, 4), "PAD": (4, 8), "RESHAPE": (24,)}[reader]
    network.apply(reader, (result, constant), after, ReshapeOptions((24,)) if reader == "RESHAPE" else None)
    return network.model()


def shape_alone(beside: bool = False) -> Model:
    """Return a SHAPE between CPU operators, perhaps with an operator that computes in its partition."""
    network = Network()
    source = network.cpu(network.input(1, 4))
    shape = network.apply("SHAPE", (source,), (2,), other("ShapeOptions", out_type=2), element=INT32)
    after = network.cpu(shape)
    if not beside:
        return network.model()
    computed = network.apply("RELU", (source,), (1, 4))
    return network.model(after, computed)


def broadcast(reader: str = "CONCATENATION", leaves: bool = False) -> Model:
    """Return a BROADCAST_TO beside an operator that computes, with a reader in its partition or none."""
    network = Network()
    source = network.apply("RELU", (network.input(1, 4),), (1, 4))
    wide = network.apply("BROADCAST_TO", (source, network.numbers(2, 4)), (2, 4))
    if leaves:
        return network.model(source, wide)
    options = ConcatenationOptions(0) if reader == "CONCATENATION" else AddOptions()
    network.apply(reader, (wide, network.zeros(2, 4)), (4, 4) if reader == "CONCATENATION" else (2, 4), options)
    return network.model()


def transpose(computed: bool) -> Model:
    """Return a TRANSPOSE by a permutation that the model computes or the file holds."""
    network = Network()
    source = network.input(2, 4)
    order = network.input(2, element=INT32) if computed else network.numbers(1, 0)
    network.apply("TRANSPOSE", (source, order), (4, 2))
    return network.model()


def reshape(new_shape: tuple[int, ...] | None) -> Model:
    """Return a RESHAPE by a computed shape, with a shape in its options."""
    network = Network()
    source, shape = network.input(2, 4), network.input(2, element=INT32)
    network.apply("RESHAPE", (source, shape), (4, 2), ReshapeOptions(new_shape))
    return network.model()


def strided_slice(
    shape: tuple[int, ...],
    begin: tuple[int, ...],
    end: tuple[int, ...],
    strides: tuple[int, ...],
    begin_mask: int = 0,
    end_mask: int = 0,
) -> Model:
    """Return a STRIDED_SLICE with constant bounds; its output shape does not matter here."""
    network = Network()
    inputs = [network.input(*shape), *(network.numbers(*values) for values in (begin, end, strides))]
    options = StridedSliceOptions(begin_mask=begin_mask, end_mask=end_mask)
    network.apply("STRIDED_SLICE", inputs, shape, options)
    return network.model()


def slice_rest(begin: int, size: int) -> Model:
    """Return a SLICE of a vector pair."""
    network = Network()
    inputs = (network.input(2, 8), network.numbers(0, begin), network.numbers(2, size))
    network.apply("SLICE", inputs, (2, 8 - begin))
    return network.model()


def one_hot(element: Any) -> Model:
    """Return a ONE_HOT with values of a type."""
    network = Network()
    values = [network.numbers(value, element=element, shape=()) for value in (1, 0)]
    inputs = (network.input(3, element=INT32), network.numbers(4, shape=()), *values)
    network.apply("ONE_HOT", inputs, (3, 4), other("OneHotOptions", axis=-1), element=element)
    return network.model()


def reverse(*axes: int) -> Model:
    """Return a REVERSE_V2 over axes."""
    network = Network()
    network.apply("REVERSE_V2", (network.input(2, 4), network.numbers(*axes)), (2, 4))
    return network.model()


def fused(activation: Activation) -> Model:
    """Return an ADD with an activation."""
    network = Network()
    network.apply("ADD", (network.input(1, 4), network.input(1, 4)), (1, 4), AddOptions(activation))
    return network.model()


def difference(quantization: Quantization | None) -> Model:
    """Return a SQUARED_DIFFERENCE of int8 tensors."""
    network = Network()
    inputs = [network.input(1, 4, quantization=quantization) for _ in range(2)]
    network.apply("SQUARED_DIFFERENCE", inputs, (1, 4), quantization=quantization)
    return network.model()


def both_ways_lstm(coupled: bool) -> Model:
    """Return a BIDIRECTIONAL_SEQUENCE_LSTM with or without input-to-input weights."""
    network = Network()
    source = network.input(1, 2, 4, element=FLOAT32)
    weights = NO_TENSOR if coupled else network.zeros(4, 4, element=FLOAT32)
    inputs = (source, weights, *[NO_TENSOR] * 46)
    network.apply("BIDIRECTIONAL_SEQUENCE_LSTM", inputs, (1, 2, 4), element=FLOAT32)
    return network.model()


def convolution(bias_scale: float, scales: tuple[float, ...] = (0.1,)) -> Model:
    """Return a CONV_2D with an input scale of 0.05, weights of `scales` and a bias of a scale."""
    network = Network()
    points = (0,) * len(scales)
    weights = network.zeros(2, 1, 1, 4, quantization=Quantization(scales, points))
    bias = network.zeros(2, element=INT32, quantization=Quantization((bias_scale,) * len(scales), points))
    options = Conv2DOptions(stride_w=1, stride_h=1)
    network.apply("CONV_2D", (network.input(1, 4, 4, 4), weights, bias), (1, 4, 4, 2), options)
    return network.model()


def pad(element: Any, zero_point: int, amount: int = 1) -> Model:
    """Return a PAD of a vector pair."""
    network = Network()
    quantization = Quantization((0.05,), (zero_point,))
    source = network.input(2, 4, element=element, quantization=quantization)
    paddings = network.numbers(0, 0, amount, 0, shape=(2, 2))
    network.apply("PAD", (source, paddings), (2, 4 + amount), element=element, quantization=quantization)
    return network.model()


def minimum(bound: int = 127, *, output: Quantization | None = None, read: bool = True) -> Model:
    """Return a MINIMUM with a constant behind a RELU, whose output is read in its partition or leaves it."""
    network = Network()
    source = network.apply("RELU", (network.input(1, 4),), (1, 4))
    highest = network.numbers(*[bound] * 4, element=INT8, shape=(1, 4))
    clamped = network.apply("MINIMUM", (source, highest), (1, 4), quantization=output)
    return network.model(network.apply("RELU", (clamped,), (1, 4)) if read else clamped)


def transpose_conv(activation: Activation, zero_point: int = 3) -> Model:
    """Return a TRANSPOSE_CONV with an activation and a zero point of its output."""
    network = Network()
    inputs = (network.numbers(1, 8, 8, 2), network.zeros(2, 2, 2, 4), network.input(1, 4, 4, 4))
    options = TransposeConvOptions(stride_w=2, stride_h=2, fused_activation_function=activation)
    network.apply("TRANSPOSE_CONV", inputs, (1, 8, 8, 2), options, quantization=Quantization((0.02,), (zero_point,)))
    return network.model()


def lstm(variable: bool) -> Model:
    """Return a UNIDIRECTIONAL_SEQUENCE_LSTM whose states are variables or inputs."""
    network = Network()
    source = network.input(1, 2, 4)
    states = [network.tensor((1, 4), element=element, variable=variable) for element in (INT8, INT16)]
    if not variable:
        network.inputs += states
    network.apply("UNIDIRECTIONAL_SEQUENCE_LSTM", (source, *[NO_TENSOR] * 17, *states), (1, 2, 4))
    return network.model()


CASES = (
    Case("vx.stacked-scalar", since("6.6.36"), dynamic_batch, lambda: dynamic_batch(between=True)),
    Case("vx.stacked-scalar", since("6.6.36"), dynamic_batch, lambda: dynamic_batch(vector=True)),
    Case("vx.scalar-gather", ALL, gather, lambda: gather(scalar=False, reader="RESHAPE")),
    Case("vx.scalar-gather", ALL, lambda: gather(reader="PAD"), lambda: gather(reader="RESHAPE")),
    Case("vx.scalar-gather", ALL, lambda: gather(keeps=2), lambda: gather(cpu=True)),
    Case("vx.scalar-gather", (), lambda: gather(unread=True), lambda: gather(keeps=1, cpu=True)),
    Case("vx.empty-graph", since("6.1.1"), shape_alone, lambda: shape_alone(beside=True)),
    Case("vx.unwritten-broadcast", since("6.1.22"), broadcast, lambda: broadcast("ADD")),
    Case("vx.unwritten-broadcast", since("6.1.22"), lambda: broadcast(leaves=True), lambda: broadcast("ADD")),
    Case("vx.operand-read-early", ALL, lambda: transpose(True), lambda: transpose(False)),
    Case("vx.reshape-by-options", ALL[:4], lambda: reshape(None), lambda: reshape((4, 2))),
    Case("vx.reshape-by-options", ALL[:4], lambda: reshape((2, 4)), lambda: reshape((-1, 2))),
    Case(
        "vx.strided-slice-bounds",
        ALL,
        lambda: strided_slice((2, 4), (0, 3), (2, -5), (1, -1)),
        lambda: strided_slice((2, 4), (0, 1), (2, 3), (1, 1)),
    ),
    Case(
        "vx.strided-slice-bounds",
        ALL,
        lambda: strided_slice((2, 4, 6), (0, 1), (2, -1), (1, 1)),
        lambda: strided_slice((2, 4, 6), (0, 0), (0, -1), (1, 1), 3, 3),
    ),
    Case(
        "vx.strided-slice-bounds",
        ALL[:6],
        lambda: strided_slice((2, 4), (0, 1), (2, -1), (1, 1)),
        lambda: strided_slice((2, 4), (0, 1), (2, 4), (1, 1)),
    ),
    Case("vx.slice-rest", ALL[:-1], lambda: slice_rest(4, -1), lambda: slice_rest(0, -1)),
    Case("vx.slice-rest", ALL[:-1], lambda: slice_rest(1, -1), lambda: slice_rest(4, 4)),
    Case("vx.one-hot-values", ALL, lambda: one_hot(INT32), lambda: one_hot(FLOAT32)),
    Case("vx.reverse-axes", ALL, lambda: reverse(0, 1), lambda: reverse(1)),
    Case("vx.sign-bit", ALL, lambda: fused(Activation.SIGN_BIT), lambda: fused(Activation.TANH)),
    Case("vx.squared-difference-scale", since("6.1.36"), lambda: difference(NOT_QUANTIZED), lambda: difference(None)),
    Case("vx.coupled-gates", since("6.1.1"), lambda: both_ways_lstm(True), lambda: both_ways_lstm(False)),
    Case("vx.bias-scale", ALL, lambda: convolution(0.006), lambda: convolution(0.005)),
    Case("vx.bias-scale", ALL, lambda: convolution(0.005 * 1.0001), lambda: convolution(0.005 * 1.000009)),
    Case("vx.bias-scale", (), lambda: convolution(0.006, (0.1, 0.2)), lambda: convolution(0.0)),
    Case("vx.pad-zero-point", ALL, lambda: pad(UINT8, 3), lambda: pad(UINT8, 0)),
    Case("vx.pad-zero-point", ALL, lambda: pad(INT8, -127), lambda: pad(INT8, -128)),
    Case("vx.pad-zero-point", ALL, lambda: pad(INT8, 0), lambda: pad(INT8, 0, amount=0)),
    Case("vx.dropped-minimum", since("5.15.71"), lambda: minimum(read=False), minimum),
    Case(
        "vx.dropped-minimum",
        since("5.15.71"),
        lambda: minimum(output=Quantization((0.1,), (0,))),
        lambda: minimum(bound=126, output=Quantization((0.1,), (0,))),
    ),
    Case(
        "vx.transpose-conv-activation",
        ALL,
        lambda: transpose_conv(Activation.RELU),
        lambda: transpose_conv(Activation.NONE),
    ),
    Case(
        "vx.transpose-conv-activation",
        ALL,
        lambda: transpose_conv(Activation.TANH, -128),
        lambda: transpose_conv(Activation.RELU6, -128),
    ),
    Case("vx.lost-state", ALL, lambda: lstm(True), lambda: lstm(False)),
)


def _label(case: Case) -> str:
    return f"{case.rule}-{CASES.index(case)}"


@pytest.mark.parametrize("case", CASES, ids=_label)
def test_a_hazard_is_seen_on_its_bsps_and_where_its_condition_holds_only(case: Case) -> None:
    for version in ALL:
        assert (case.rule in hazards(case.hazardous(), version)) == (version in case.bsps), version
        assert case.rule not in hazards(case.harmless(), version), version


def test_every_hazard_has_a_case_and_an_effect() -> None:
    rules = [rule for rule in load_stack("vx").rules() if rule.kind is RuleKind.HAZARD]
    assert {case.rule for case in CASES} == {rule.id for rule in rules}
    assert all(len(rule.effects) == 1 for rule in rules)
    assert {rule.effects[0] for rule in rules} == set(Effect)


def test_a_crash_names_the_chain_and_the_release_before() -> None:
    (hazard,) = place(dynamic_batch()).hazards
    assert hazard.effect is Effect.CRASH
    assert (hazard.evidence, hazard.certain) == (Evidence.EXECUTED, True)
    assert hazard.operators == (2, 1)
    assert hazard.message == "it stacks a scalar that operator 1 (STRIDED_SLICE) computes on the NPU"
    assert "6.6.3" in hazard.rule.why
    assert [remedy.kind for remedy in hazard.remedies] == [RemedyKind.REWRITE]
    (unread,) = place(dynamic_batch(), "6.12.34").hazards
    assert (unread.evidence, unread.certain) == (Evidence.INFERRED, False)


def test_a_hazard_names_the_release_that_lifts_it() -> None:
    (rest,) = place(slice_rest(4, -1), "6.1.36").hazards
    assert rest.remedies[0].target == "imx8mp/vx@lf-6.12.34"
    (by_options,) = place(reshape(None), "6.1.1").hazards
    assert by_options.remedies[0].target == "imx8mp/vx@lf-6.1.36"
    assert "leaves the operator on the CPU" in by_options.remedies[0].text


def test_a_release_that_takes_an_operator_says_what_is_wrong_there() -> None:
    pack = place(dynamic_batch(), "6.1.36").operators[2]
    assert pack.finding is not None
    assert pack.finding.remedies[0].text == "BSP lf-6.6.23 takes it, but see vx.stacked-scalar there"


def test_what_happens_at_the_first_invoke_is_executed_where_it_was_run() -> None:
    assert place(gather(), "6.6.3").hazards[0].evidence is Evidence.EXECUTED
    assert place(gather(), "6.1.36").hazards[0].evidence is Evidence.INFERRED
    assert place(shape_alone(), "6.6.36").hazards[0].evidence is Evidence.EXECUTED
    assert place(shape_alone(), "6.1.1").hazards[0].evidence is Evidence.SOURCE


_EXPECTED = {"ok": set[Effect](), "crash": {Effect.CRASH}, "setup_error": {Effect.FAILS}}
"""The effects that stop a first Invoke, by what the run above a stand-in for the driver came to.

`unknown` stopped behind the stand-in, which computes nothing, and `not_loaded` is no run at all: neither says anything.
"""


def _runs() -> dict[str, dict[str, str]]:
    models: dict[str, Any] = json.loads(_ORACLE.read_text())["models"]
    return {
        entry["files"][0]: {
            bsp: run["result"] for bsp, run in entry["first_invoke"].items() if run["result"] in _EXPECTED
        }
        for entry in models.values()
    }


@pytest.mark.parametrize("file", _runs())
def test_a_first_invoke_stops_where_a_hazard_says_so_and_only_there(file: str) -> None:
    results = _runs()[file]
    model = npufit.load(find_model(file)) if results else None
    for bsp, result in results.items():
        assert model is not None
        effects = {hazard.effect for hazard in place(model, bsp).hazards}
        assert effects - {Effect.WRONG} == _EXPECTED[result], bsp


def test_first_invokes_were_run_for_nearly_all_models_and_not_all_came_through() -> None:
    results = [result for runs in _runs().values() for result in runs.values()]
    assert set(results) == set(_EXPECTED)
    assert len(results) > 120
