"""The sweep behind docs/exactness.md: every model at hand and every network of the zoo against the reference kernels.

Each tensor must be the reference's. Where one is not, the reference computes it again from what the NPU had computed
before; the difference that remains is that of the operators in between, and one of them must be in the table of what
is known to differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from own_differences import OwnDifference, own_differences

import npufit
from networks import Network, operators, quantized
from npufit.errors import InputError, ToolError
from npufit.graph import AddOptions, ElementType, Model, Operator, SubOptions
from npufit.running import RunOptions, run
from npufit.stacks import Target
from npufit.zoo import CATALOGUE, parse_spec
from real_files import REPOSITORY

_PAGE = REPOSITORY / "docs" / "exactness.md"
_VELA = Target("imx93", "vela", "5.2")
_SIZES = (96, 161)
_PRECISIONS = ("int8", "int8-per-tensor", "uint8")
_COMPILED = "person_detect_vela"
_REFUSED = "test_split_int8"
_OVERRUNS = "zoo:deeplab_v3@96,uint8"
"""Vela reserves 4 bytes a value for the ARG_MAX at its end, whose stream writes 8: hazard vela.argmax-int64."""

_GIVEN_UP = ("zoo:face_mesh,uint8", "zoo:iris_landmark,uint8")
"""Vela 5.2 rescales a PRELU by a Mul that its own checks refuse for uint8."""

_LARGEST = ("yolov8m", "yolov8l", "yolov8x", "ultra_fast_lane")
"""Networks that take a minute each; they have no operator that others do not have."""

_LARGEST_RATIO = 2.0**30
"""What a 32-bit multiplier holds with its largest left shift."""

_MOVES = {"PACK", "RESHAPE", "SPLIT", "TRANSPOSE"}
"""Operators that only move values: a step in front of them is the same step behind them."""


def _is_of(*elements: ElementType) -> Callable[[Model, Operator], bool]:
    return lambda model, operator: model.main.tensors[operator.outputs[0]].element in elements


def _adds_shifted(_model: Model, operator: Operator) -> bool:
    return isinstance(operator.options, AddOptions | SubOptions) and operator.options.pot_scale_int16


def _has_huge_ratio(model: Model, operator: Operator) -> bool:
    left, right = (model.main.tensors[index].quantization.scale for index in operator.inputs)
    return left * right / model.main.tensors[operator.outputs[0]].quantization.scale >= _LARGEST_RATIO


def _sums_axes(model: Model, operator: Operator) -> bool:
    return (model.main.tensors[operator.inputs[1]].element_count or 0) > 1


def _has_zero_point(model: Model, operator: Operator) -> bool:
    return model.main.tensors[operator.inputs[0]].quantization.zero_point != 0


@dataclass(frozen=True, slots=True)
class Inexact:
    """An operator whose results differ by up to `largest` steps; `where` is how the page says when."""

    operator: str
    where: str
    largest: int
    applies: Callable[[Model, Operator], bool]


INEXACT = (
    Inexact("FULLY_CONNECTED", "int8, uint8", 1, _is_of(ElementType.INT8, ElementType.UINT8)),
    Inexact("FULLY_CONNECTED", "int16", 1, _is_of(ElementType.INT16)),
    Inexact("ADD", "int16 with `pot_scale_int16`", 1, _adds_shifted),
    Inexact("SUB", "int16 with `pot_scale_int16`", 1, _adds_shifted),
    Inexact("TRANSPOSE", "uint8", 255, _is_of(ElementType.UINT8)),
    Inexact("SUM", "uint8, several axes", 255, _sums_axes),
    Inexact("SUM", "uint8, one axis", 1, _is_of(ElementType.UINT8)),
    Inexact("NEG", "int8 with a zero point", 255, _has_zero_point),
    Inexact("TANH", "int16", 1, _is_of(ElementType.INT16)),
    Inexact("LOGISTIC", "int16", 1, _is_of(ElementType.INT16)),
    Inexact("UNIDIRECTIONAL_SEQUENCE_LSTM", "int8", 1, _is_of(ElementType.INT8)),
    Inexact("MUL", "ratio of scales of 2^30 and more", 255, _has_huge_ratio),
)


def test_the_page_has_the_same_table() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in _PAGE.read_text().splitlines() if "|" in line]
    listed = [row for row in rows if re.fullmatch(r"\d+", row[2])]
    assert listed == [[known.operator, known.where, str(known.largest)] for known in INEXACT]


@pytest.mark.slow
def test_a_model_at_hand_is_exact(real_model: Path) -> None:
    if real_model.stem == _COMPILED:
        original = npufit.load(real_model.with_name("person_detect.tflite"))
        _check(npufit.load(real_model), original)
    elif real_model.stem == _REFUSED:
        with pytest.raises(InputError, match="Vela refuses the model"):
            _check(npufit.load(real_model))
    else:
        _check(npufit.load(real_model))


def _variants() -> list[str]:
    """Return every network at two sizes, or at the only one that it has, with each quantization that it has.

    Of the largest, only the first of these.
    """
    found: list[str] = []
    for entry in CATALOGUE.values():
        step = entry.size_step
        sizes = [f"@{-(-max(size, entry.smallest_size) // step) * step}" for size in _SIZES]
        sized, unsized = (
            [name for name in _names(entry.name, ends) if _exists(name)] for ends in (dict.fromkeys(sizes), ("",))
        )
        assert sized or unsized, entry.name
        variants = sized or unsized
        found += variants[:1] if entry.name in _LARGEST else variants
    return found


def _names(network: str, sizes: Iterable[str]) -> Iterator[str]:
    return (f"zoo:{network}{size},{precision}" for size in sizes for precision in _PRECISIONS)


def _exists(name: str) -> bool:
    try:
        parse_spec(name)
    except InputError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", _variants())
def test_a_network_of_the_zoo_is_exact(name: str) -> None:
    if name == _OVERRUNS:
        with pytest.raises(InputError, match="lies outside the scratch memory"):
            _check(npufit.load(name))
    elif name in _GIVEN_UP:
        with pytest.raises(ToolError, match="PRELU of uint8"):
            _check(npufit.load(name))
    else:
        _check(npufit.load(name))


@pytest.mark.parametrize("name", operators.MODELS)
def test_an_operator_is_exact(name: str) -> None:
    model = operators.draw(name)
    assert _check(model) >= 1, "no operator runs on the NPU"


def _check(model: Model, original: Model | None = None) -> int:
    """Compare a run of `model` and return the number of its NPU calls."""
    source = original or model
    result = run(model, _VELA, RunOptions(original=original, compare=True, repeat=0))
    assert result.comparison is not None
    assert result.comparison.tensors
    assert [finding.text for finding in result.findings] == []
    differences = list(own_differences(result))
    assert [found for found in differences if not _is_known(source, found)] == []
    return result.partitions


def _is_known(model: Model, found: OwnDifference) -> bool:
    """Return True where an operator of the table explains a difference, and alone with its largest step."""
    between = [model.main.operators[index] for index in found.operators]
    known = [_largest(model, operator) for operator in between]
    others: Sequence[str] = [operator.type for operator, step in zip(between, known, strict=True) if step is None]
    steps = [step for step in known if step is not None]
    is_alone = len(steps) == 1 and _MOVES.issuperset(others)
    return found.largest <= steps[0] if is_alone else bool(steps)


def _largest(model: Model, operator: Operator) -> int | None:
    return next(
        (known.largest for known in INEXACT if known.operator == operator.type and known.applies(model, operator)), None
    )


def test_add_rounds_its_scaled_operand_twice() -> None:
    """Every pair of values, with scales of a ResNet50 of which one pair comes out a step lower where it rounds once."""
    network = Network(quantization=quantized(0.05169808119535446, -128))
    left, right = (
        network.input(1, 256, 256, 1, quantization=quantization)
        for quantization in (quantized(0.04400418698787689, -128), quantized(0.07350240647792816, -4))
    )
    network.apply("ADD", (left, right), (1, 256, 256, 1), AddOptions())
    values = np.arange(-128, 128, dtype=np.int8)
    inputs = {left: np.repeat(values, 256).reshape(1, 256, 256, 1), right: np.tile(values, 256).reshape(1, 256, 256, 1)}
    comparison = run(network.model(), _VELA, RunOptions(inputs, compare=True, repeat=0)).comparison
    assert comparison is not None
    assert comparison.is_equal
