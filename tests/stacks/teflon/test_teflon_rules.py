"""One tiny network per rule: on both sides of its limit and of its range of releases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from networks import INT8, INT16, INT32, INT64, SIX, UINT8, Network, quantized
from npufit.graph import (
    Activation,
    ConcatenationOptions,
    ElementType,
    FullyConnectedOptions,
    Model,
    Quantization,
    ResizeNearestNeighborOptions,
    SoftmaxOptions,
    SplitOptions,
)
from npufit.stacks import Evidence, RuleKind, Stage, Unit, load_stack
from npufit.stacks.teflon.hazards import HAZARDS
from stacks.teflon.on_teflon import VERSIONS, place, refusals

FLOAT = ElementType.FLOAT32
ALL = VERSIONS
G1 = ("25.3", "26.0")
UNTIL_26_1 = (*G1, "26.1")
SINCE_26_1 = ("26.1", "26.2.0", "26.2", "main")
SINCE_26_2 = ("26.2.0", "26.2", "main")
MAIN = ("main",)
_DRIVER_CHIPS = {"ethosu": "imx93", "etnaviv": "imx8mp", "rocket": "rk3588"}


@dataclass(frozen=True)
class Case:
    """A network that a rule refuses in some releases, and its neighbour that it never refuses."""

    rule: str
    releases: tuple[str, ...]
    refused: Callable[[], Model]
    passes: Callable[[], Model]
    chips: tuple[str, ...] = ("imx93",)


def convolution(**options: Any) -> Model:
    """Return a network of one CONV_2D."""
    network = Network()
    options = {"depth": 8, "kernel": 1, **options}
    network.convolve(network.input(1, 8, 8, 4), **options)
    return network.model()


def relu6(quantization: Quantization, element: ElementType) -> Model:
    """Return a CONV_2D with a fused RELU6."""
    network = Network()
    network.convolve(
        network.input(1, 8, 8, 4, element=element),
        8,
        1,
        activation=Activation.RELU6,
        element=element,
        quantization=quantization,
    )
    return network.model()


def unary(operator_type: str, element: ElementType = INT8, shape: tuple[int, ...] = (1, 4, 4, 8)) -> Model:
    """Return an operator with one input and an output like it."""
    network = Network()
    options = SoftmaxOptions(1.0) if operator_type == "SOFTMAX" else None
    network.apply(operator_type, [network.input(*shape, element=element)], shape, options, element=element)
    return network.model()


def binary(
    operator_type: str,
    first: tuple[int, ...] = (1, 4, 4, 8),
    second: tuple[int, ...] = (1, 4, 4, 8),
    constant: bool = False,
    element: ElementType = INT8,
) -> Model:
    """Return an operator over two operands, the second perhaps a constant."""
    network = Network()
    left = network.input(*first, element=element)
    right = network.zeros(*second, element=element) if constant else network.input(*second, element=element)
    shape = tuple(map(max, first, second))
    network.apply(operator_type, (left, right), shape, element=element)
    return network.model()


def concatenate(axis: int, shape: tuple[int, ...] = (1, 4, 4, 8)) -> Model:
    """Return a CONCATENATION of two inputs."""
    network = Network()
    joined = list(shape)
    joined[axis] *= 2
    network.apply("CONCATENATION", (network.input(*shape), network.input(*shape)), joined, ConcatenationOptions(axis))
    return network.model()


def resize(height: int, width: int) -> Model:
    """Return a RESIZE_NEAREST_NEIGHBOR from 4x4."""
    network = Network()
    ifm, size = network.input(1, 4, 4, 8), network.numbers(height, width)
    options = ResizeNearestNeighborOptions()
    network.apply("RESIZE_NEAREST_NEIGHBOR", (ifm, size), (1, height, width, 8), options)
    return network.model()


def pad(*amounts: int, shape: tuple[int, ...] = (1, 4, 4, 8)) -> Model:
    """Return a PAD."""
    network = Network()
    network.pad(network.input(*shape), *amounts)
    return network.model()


def odd_pad(element: ElementType = INT32, third: bool = False, constant: bool = True, grown: int = 2) -> Model:
    """Return a PAD of a form that Teflon, etnaviv or main may not take."""
    network = Network()
    ifm = network.input(1, 4, 4, 8)
    amounts = (0, 0, 1, 1, 1, 1, 0, 0)
    paddings = (
        network.numbers(*amounts, element=element, shape=(4, 2)) if constant else network.input(4, 2, element=element)
    )
    inputs = [ifm, paddings] + ([network.zeros(1)] if third else [])
    network.apply("PAD", inputs, (1, 4 + grown, 4 + grown, 8))
    return network.model()


def dense(
    shape: tuple[int, ...] = (1, 64),
    weights: tuple[int, ...] = (10, 64),
    output: tuple[int, ...] = (1, 10),
    element: ElementType = INT8,
    known: bool = True,
) -> Model:
    """Return a FULLY_CONNECTED with a bias."""
    network = Network()
    ifm = network.input(*shape, element=element, known=known)
    inputs = (ifm, network.zeros(*weights), network.zeros(weights[0], element=INT32))
    network.apply("FULLY_CONNECTED", inputs, output, FullyConnectedOptions(), element=element)
    return network.model()


def split(axis: int, depths: tuple[int, ...] = (4, 4)) -> Model:
    """Return a SPLIT."""
    network = Network()
    network.apply("SPLIT", (network.numbers(axis), network.input(1, 4, 4, 8)), (1, 4, 4, depths[0]), SplitOptions(2))
    second = network.tensor((1, 4, 4, depths[1]))
    last = network.operators[-1]
    network.operators[-1] = type(last)("SPLIT", last.inputs, (*last.outputs, second), last.options, last.version)
    return network.model()


def transpose(*order: int) -> Model:
    """Return a TRANSPOSE."""
    network = Network()
    ifm = network.input(1, 4, 5, 8)
    network.apply("TRANSPOSE", (ifm, network.numbers(*order)), [(1, 4, 5, 8)[axis] for axis in order])
    return network.model()


def custom() -> Model:
    """Return a custom operator."""
    network = Network()
    network.cpu(network.input(1, 4, 4, 8))
    return network.model()


def per_channel_output() -> Model:
    """Return a CONV_2D with RELU6 of which only the second output channel reaches above 6."""
    return relu6(Quantization((0.02, 0.03), (-128, -128), axis=3), INT8)


TWO_SCALES = Quantization((0.1, 0.2), (0, 0))
EQUAL_SCALES = Quantization((0.1, 0.1), (0, 0))
TWO_POINTS = Quantization((0.1, 0.1), (0, 1))
NARROW = quantized(0.0234, -128)
EVERY_CHIP = ("imx93", "imx8mp", "rk3588")

CASES = (
    Case("teflon.unmapped", ALL, lambda: unary("MEAN"), lambda: convolution(), EVERY_CHIP),
    Case("teflon.unmapped", ALL, custom, lambda: convolution()),
    Case("teflon.unmapped", ALL, lambda: unary("RELU6"), lambda: unary("RELU")),
    Case("teflon.unmapped", UNTIL_26_1, lambda: unary("QUANTIZE"), lambda: unary("RESHAPE")),
    Case("teflon.unmapped", UNTIL_26_1, lambda: binary("MUL"), lambda: binary("ADD"), EVERY_CHIP),
    *(
        Case("teflon.unmapped", UNTIL_26_1, lambda kind=kind: unary(kind), lambda: unary("LOGISTIC"))
        for kind in ("TANH", "HARD_SWISH", "LEAKY_RELU", "MAXIMUM", "MINIMUM")
    ),
    Case("teflon.main-unread", MAIN, lambda: unary("SOFTMAX"), lambda: unary("SOFTMAX", FLOAT)),
    Case("teflon.relu6-range", ALL, lambda: relu6(quantized(0.0235295, -128), INT8), lambda: relu6(SIX, INT8)),
    Case("teflon.relu6-range", ALL, lambda: relu6(Quantization((0.0512,), (121,)), UINT8), lambda: relu6(NARROW, INT8),
         EVERY_CHIP),
    Case("teflon.relu6-range", ALL, per_channel_output, lambda: convolution(quantization=quantized(1.0, 0))),
    Case("teflon.relu6-type", ALL, lambda: relu6(SIX, FLOAT), lambda: relu6(SIX, INT8), EVERY_CHIP),
    Case("teflon.relu6-type", ALL, lambda: relu6(SIX, INT16), lambda: convolution(element=INT16)),
    Case("teflon.pad-arguments", ALL, lambda: odd_pad(INT64), lambda: odd_pad(), EVERY_CHIP),
    Case("teflon.pad-arguments", ALL, lambda: odd_pad(third=True), lambda: odd_pad()),
    Case("teflon.pad-arguments", ALL, lambda: pad(0, 1, 0, 0, 0, 0, 0, 0), lambda: pad(0, 0, 0, 0, 0, 0, 0, 1)),
    Case("teflon.pad-arguments", ALL, lambda: pad(1, 0, 0, 0, 0, 0, shape=(4, 4, 8)),
         lambda: pad(0, 0, 1, 0, 0, 0, shape=(4, 4, 8))),
    Case("teflon.fully-connected-type", ALL, lambda: dense(element=FLOAT), dense, EVERY_CHIP),
    Case("teflon.fully-connected-type", ALL, lambda: dense(element=INT16), dense),
    Case("teflon.shape-unknown", SINCE_26_2, lambda: dense(known=False), dense),
    Case("teflon.shape-unknown", ALL, lambda: dense(known=False), dense, ("imx8mp",)),
    Case("ethosu.unsupported-type", UNTIL_26_1, lambda: unary("RESHAPE"), lambda: binary("ADD")),
    Case("ethosu.unsupported-type", UNTIL_26_1, lambda: unary("LOGISTIC"), lambda: convolution()),
    Case("ethosu.unsupported-type", UNTIL_26_1, dense, lambda: convolution()),
    Case("ethosu.unsupported-type", (*UNTIL_26_1, "26.2.0", "26.2"), lambda: binary("SUB"), lambda: binary("ADD")),
    *(
        Case("ethosu.unsupported-type", ALL, lambda kind=kind: unary(kind), lambda: convolution())
        for kind in ("RELU", "ABS", "TRANSPOSE", "SPLIT")
    ),
    Case("ethosu.element-size", SINCE_26_1, lambda: binary("ADD", element=INT32), lambda: binary("ADD")),
    Case("ethosu.element-size", SINCE_26_1, lambda: convolution(element=FLOAT), lambda: convolution(element=INT16)),
    Case("ethosu.element-size", SINCE_26_2, lambda: unary("QUANTIZE", FLOAT), lambda: unary("QUANTIZE")),
    Case("ethosu.per-channel", G1, lambda: convolution(weights_quantization=TWO_SCALES),
         lambda: convolution(weights_quantization=EQUAL_SCALES)),
    Case("ethosu.per-channel", G1, lambda: convolution(weights_quantization=TWO_POINTS), lambda: convolution()),
    Case("ethosu.per-channel", G1, lambda: convolution(weights_quantization=Quantization((), (0, 1))),
         lambda: convolution()),
    Case("ethosu.per-channel", G1, lambda: convolution(quantization=TWO_SCALES), lambda: convolution()),
    Case("ethosu.dilation", ALL, lambda: convolution(dilation=2), lambda: convolution(dilation=2, version=1)),
    Case("ethosu.dilation", ALL, lambda: convolution(dilation=2, depthwise=True, depth=4), lambda: convolution()),
    Case("ethosu.stride", MAIN, lambda: convolution(stride=4), lambda: convolution(stride=3)),
    Case("ethosu.add-constant", G1, lambda: binary("ADD", constant=True), lambda: binary("ADD")),
    Case("ethosu.concat-last-axis", UNTIL_26_1, lambda: concatenate(1), lambda: concatenate(3)),
    Case("ethosu.concat-last-axis", UNTIL_26_1, lambda: concatenate(2, (1, 4, 8)), lambda: concatenate(-1, (1, 4, 8))),
    Case("ethosu.concat-last-axis", UNTIL_26_1, lambda: concatenate(-3), lambda: concatenate(-1)),
    Case("ethosu.concat-axis", SINCE_26_2, lambda: concatenate(-2), lambda: concatenate(2)),
    Case("ethosu.concat-axis", SINCE_26_2, lambda: concatenate(-3), lambda: concatenate(0)),
    Case("ethosu.resize-factor", SINCE_26_1, lambda: resize(12, 12), lambda: resize(8, 8)),
    Case("ethosu.resize-factor", SINCE_26_1, lambda: resize(8, 7), lambda: resize(8, 8)),
    Case("ethosu.pad-shape", MAIN, lambda: odd_pad(grown=1), lambda: odd_pad(grown=2)),
    Case("ethosu.pad-shape", MAIN, lambda: odd_pad(constant=False), lambda: odd_pad()),
    Case("ethosu.fully-connected-shape", SINCE_26_2, lambda: dense((2, 1, 1, 64), output=(2, 10)), dense),
    Case("ethosu.fully-connected-shape", SINCE_26_2, lambda: dense((1, 65)), lambda: dense((1, 1, 8, 8))),
    Case("ethosu.fully-connected-shape", SINCE_26_2, lambda: dense(output=(1, 11)),
         lambda: dense((3, 64), output=(3, 10))),
    Case("ethosu.fully-connected-shape", SINCE_26_2, lambda: dense(weights=(2, 10, 64)), dense),
    Case("ethosu.subtract-broadcast", MAIN, lambda: binary("SUB", (1, 4, 1, 8), (1, 1, 4, 8)),
         lambda: binary("SUB", (1, 4, 4, 8), (1, 1, 1, 8))),
    Case("ethosu.softmax-form", MAIN, lambda: unary("SOFTMAX", INT16), lambda: unary("SOFTMAX", UINT8)),
    Case("ethosu.softmax-form", MAIN, lambda: unary("SOFTMAX", shape=(1, 1)), lambda: unary("SOFTMAX", shape=(1, 2))),
    Case("ethosu.softmax-form", MAIN, lambda: unary("SOFTMAX", shape=(1, 4096)),
         lambda: unary("SOFTMAX", shape=(1, 4095))),
    *(
        Case("etnaviv.unsupported-type", ALL, lambda kind=kind: unary(kind), lambda: unary("ABS"), ("imx8mp",))
        for kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D", "STRIDED_SLICE", "RESIZE_NEAREST_NEIGHBOR")
    ),
    Case("etnaviv.unsupported-type", SINCE_26_2, lambda: binary("MUL"), lambda: binary("SUB"), ("imx8mp",)),
    Case("etnaviv.per-channel", ALL, lambda: convolution(weights_quantization=TWO_SCALES), lambda: convolution(),
         ("imx8mp",)),
    Case("etnaviv.per-channel", G1, lambda: convolution(weights_quantization=TWO_POINTS), lambda: convolution(),
         ("imx8mp",)),
    Case("etnaviv.dilation", ALL, lambda: convolution(dilation=2), lambda: convolution(), ("imx8mp",)),
    Case("etnaviv.constant-operand", ALL, lambda: binary("SUB", constant=True), lambda: binary("SUB"), ("imx8mp",)),
    Case("etnaviv.constant-operand", ALL, lambda: binary("ADD", constant=True), lambda: binary("ADD"), ("imx8mp",)),
    Case("etnaviv.concat-axis", ALL, lambda: concatenate(1), lambda: concatenate(3), ("imx8mp",)),
    Case("etnaviv.split", ALL, lambda: split(1), lambda: split(3), ("imx8mp",)),
    Case("etnaviv.split", ALL, lambda: split(-1, (2, 6)), lambda: split(-1), ("imx8mp",)),
    Case("etnaviv.pad", ALL, lambda: pad(0, 0, 3, 0, 0, 0, 0, 0), lambda: pad(0, 0, 2, 2, 2, 2, 0, 0), ("imx8mp",)),
    Case("etnaviv.pad-rank", ALL, lambda: pad(0, 0, 2, 2, 0, 0, shape=(1, 4, 8)),
         lambda: pad(0, 0, 3, 2, 0, 0, shape=(1, 4, 8)), ("imx8mp",)),
    Case("etnaviv.pad-rank", ALL, lambda: pad(0, 0, 2, 2, shape=(1, 8)), lambda: pad(0, 0, 2, 2, 2, 2, 0, 0),
         ("imx8mp",)),
    Case("etnaviv.fully-connected-depth", ALL, lambda: dense((1, 1280), (10, 1280)),
         lambda: dense((1, 1279), (10, 1279)), ("imx8mp",)),
    Case("etnaviv.transpose", ALL, lambda: transpose(0, 2, 1, 3), lambda: transpose(0, 3, 1, 2), ("imx8mp",)),
    Case("etnaviv.transpose", ALL, lambda: transpose(0, 1, 2, 3), lambda: transpose(0, 2, 3, 1), ("imx8mp",)),
    *(
        Case("rocket.unsupported-type", ALL, lambda kind=kind: unary(kind), lambda: binary("ADD"), ("rk3588",))
        for kind in ("AVERAGE_POOL_2D", "CONCATENATION", "RESHAPE", "LOGISTIC", "SUB", "RELU", "TRANSPOSE")
    ),
    Case("rocket.per-channel", ALL, lambda: convolution(weights_quantization=TWO_SCALES), lambda: convolution(),
         ("rk3588",)),
    Case("rocket.dilation", ALL, lambda: convolution(dilation=2), lambda: convolution(), ("rk3588",)),
    Case("rocket.constant-operand", ALL, lambda: binary("ADD", constant=True), lambda: binary("ADD"), ("rk3588",)),
)  # fmt: skip


def _label(case: Case) -> str:
    return f"{case.rule}-{CASES.index(case)}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=_label)
def test_a_rule_refuses_in_its_releases_and_beyond_its_limit_only(case: Case, version: str) -> None:
    for chip in case.chips:
        assert (case.rule in refusals(case.refused(), version, chip)) == (version in case.releases)
        assert case.rule not in refusals(case.passes(), version, chip)


def test_every_refusal_has_a_case() -> None:
    rules = {rule.id for rule in load_stack("teflon").rules() if rule.kind is not RuleKind.HAZARD}
    assert {case.rule for case in CASES} == rules


@pytest.mark.parametrize(
    ("chip", "model", "accepted"),
    [
        ("imx8mp", lambda: unary("RELU"), ALL),
        ("imx8mp", lambda: unary("ABS"), ALL),
        ("imx8mp", lambda: unary("LOGISTIC"), ALL),
        ("imx8mp", lambda: unary("RESHAPE"), ALL),
        ("imx8mp", lambda: binary("ADD", element=FLOAT), ALL),
        ("rk3588", lambda: binary("ADD"), ALL),
        ("imx93", lambda: unary("MAX_POOL_2D"), ALL),
        ("imx93", lambda: unary("STRIDED_SLICE"), ALL),
        ("imx93", lambda: unary("LEAKY_RELU"), SINCE_26_2),
        ("imx93", lambda: binary("MINIMUM"), SINCE_26_2),
        ("imx93", lambda: binary("ADD", element=INT64), ALL),
        ("imx93", lambda: binary("SUB"), MAIN),
        ("imx93", lambda: convolution(stride=9), ALL[:-1]),
    ],
)
def test_what_nothing_refuses_is_accepted(chip: str, model: Callable[[], Model], accepted: tuple[str, ...]) -> None:
    for version in VERSIONS:
        (operator,) = place(model(), version, chip).operators
        assert (operator.unit is Unit.NPU) == (version in accepted), version


def test_found_values_are_what_stands_in_the_model() -> None:
    def found(model: Model, version: str, chip: str = "imx93") -> str:
        finding = place(model, version, chip).operators[0].finding
        assert finding is not None
        return finding.found

    assert found(relu6(Quantization((0.0512,), (121,)), UINT8), "25.3") == "6.8608 (scale 0.0512, zero point 121)"
    assert found(per_channel_output(), "26.2").startswith("7.65 (")
    just_above = relu6(quantized(0.02352941408753395, -128), INT8)
    assert found(just_above, "26.2") == "6.0000005 (scale 0.023529414, zero point -128)"
    assert found(convolution(weights_quantization=TWO_SCALES), "25.3") == "weights and bias with 2 scales, 0.1 to 0.2"
    assert found(convolution(weights_quantization=TWO_POINTS), "25.3") == "weights with 2 zero points, 0 to 1"
    assert found(binary("ADD", element=INT32), "26.1") == "input 't0' is int32"
    assert found(resize(12, 8), "26.1") == "4x4 to 12x8"
    assert found(concatenate(-3), "26.2") == "axis -3"
    assert found(dense((1, 1280), (10, 1280)), "26.1", "imx8mp") == "last dimension 1280"
    assert found(custom(), "26.2") == "the custom operator Stay"


@pytest.mark.parametrize(
    ("chip", "model", "version", "evidence"),
    [
        ("imx93", lambda: unary("MEAN"), "26.2", Evidence.SOURCE),
        ("imx93", lambda: unary("MEAN"), "main", Evidence.INFERRED),
        ("imx93", lambda: convolution(dilation=2), "main", Evidence.SOURCE),
        ("imx93", lambda: convolution(), "26.0", Evidence.SOURCE),
        ("imx93", lambda: convolution(), "main", Evidence.INFERRED),
        ("imx93", lambda: unary("SOFTMAX"), "main", Evidence.INFERRED),
        ("imx8mp", lambda: concatenate(1), "26.1", Evidence.SOURCE),
        ("imx8mp", lambda: concatenate(1), "26.2", Evidence.INFERRED),
        ("imx8mp", lambda: convolution(), "26.1", Evidence.SOURCE),
        ("imx8mp", lambda: convolution(), "25.3", Evidence.INFERRED),
        ("imx8mp", lambda: unary("MEAN"), "25.3", Evidence.SOURCE),
        ("rk3588", lambda: unary("RELU"), "26.0", Evidence.INFERRED),
        ("rk3588", lambda: unary("RELU"), "26.1", Evidence.SOURCE),
    ],
)
def test_evidence_is_source_only_where_the_source_was_read(
    chip: str, model: Callable[[], Model], version: str, evidence: Evidence
) -> None:
    assert place(model(), version, chip).operators[0].evidence is evidence


def test_rules_are_complete_and_named_after_who_refuses() -> None:
    rules = load_stack("teflon").rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert all((rule.statement, rule.limit, rule.why, rule.example, rule.versions, rule.source)), rule.id
        assert rule.remedies, rule.id
        assert rule.statement.endswith("."), rule.id
        prefix = rule.id.partition(".")[0]
        assert (rule.stage is Stage.EXECUTION) == (rule.kind is RuleKind.HAZARD), rule.id
        if rule.kind is RuleKind.HAZARD:
            continue
        assert (rule.stage is Stage.DRIVER_CHECK) == (prefix in _DRIVER_CHIPS), rule.id


def test_hazards_are_named_after_whose_fault_they_are() -> None:
    drivers_of: dict[str, set[str]] = {}
    for rule, _, drivers in HAZARDS:
        drivers_of.setdefault(rule.id, set()).update(drivers)
    for rule, drivers in drivers_of.items():
        owner = "teflon" if drivers == set(_DRIVER_CHIPS) else "".join(drivers)
        assert rule.startswith(f"{owner}."), rule


def test_versions_of_rules_read_well() -> None:
    versions = {rule.id: rule.versions for rule in load_stack("teflon").rules()}
    assert versions["ethosu.per-channel"] == "25.3 to 26.0"
    assert versions["ethosu.element-size"] == "26.1 and later"
    assert versions["ethosu.concat-axis"] == "26.2 and later"
    assert versions["ethosu.stride"] == "main (unreleased)"
    assert versions["ethosu.dilation"] == "all (25.3 to main)"
    assert versions["ethosu.int16-table"] == "26.2"
    assert versions["ethosu.brick-order"] == "25.3 to 26.2"
    assert versions["ethosu.flattened-input"] == "26.2.0 and 26.2.1"


@pytest.mark.parametrize(
    ("version", "resolved"),
    [
        ("25.3.4", "25.3"), ("26.0", "26.0"), ("26.1.6", "26.1"), ("26.2.0", "26.2.0"), ("26.2.1", "26.2.0"),
        ("26.2.2", "26.2"), ("26.2", "26.2"), ("main", "main"), ("25.2", None), ("26", None), ("newest", None),
    ],
)  # fmt: skip
def test_a_point_release_stands_with_its_series(version: str, resolved: str | None) -> None:
    assert load_stack("teflon").resolve_version(version) == resolved
