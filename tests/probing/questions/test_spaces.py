"""Spaces of questions: what they draw is what the values say, and LiteRT prepares it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from npufit.errors import InputError, NpufitError
from npufit.execution.reference import LitertKernels, Reference
from npufit.graph import Model, validate
from npufit.probing.questions import (
    Axis,
    Choices,
    ImpossibleError,
    Numbers,
    Space,
    Values,
    operator_types,
    space_of,
    spaces,
)
from npufit.stacks.probed import Value
from npufit.stacks.probed.quantities import is_known, measure
from npufit.tflite import serialize_model

_UNPREPARED = frozenset(
    {"dtype", "ofm_dtype", "quantization", "weights_as", "weights", "bias_as", "zero_point", "rescaled"}
)
"""Axes of types and scales: LiteRT's kernels lack some combinations, which converters may take all the same."""

_WITHOUT_REFERENCE = frozenset({"ELU"})
"""Types that LiteRT's reference kernels lack."""

_LARGEST_PREPARED_KERNEL = 1 << 16
"""LiteRT prepares no pooling with a larger window."""


def _sampled(axis: Axis) -> Iterator[Value]:
    """Yield some values of an axis: all words; small numbers, the ends, and what lies between them."""
    if isinstance(axis, Choices):
        yield from axis.words
        return
    some = {axis.least, 2, 3, 37, axis.most // 8, axis.most}
    yield from sorted(value for value in some if axis.least <= value <= axis.most)


def _moved(space: Space) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield the base with one axis moved, and the name of that axis."""
    for axis in space.axes:
        for value in _sampled(axis):
            yield axis.name, {**space.base, axis.name: value}


def _drawn(space: Space, values: Values) -> Model | None:
    """Return the model, None if the space says that there is none."""
    try:
        return space.draw(values)
    except ImpossibleError:
        return None


def _needed(space: Space, values: Values) -> dict[str, Value]:
    """Return what the space says to be needed for these values."""
    try:
        space.draw(values)
    except ImpossibleError as error:
        return error.needed
    return {}


def _is_prepared(model: Model) -> bool:
    kernels = LitertKernels.DEFAULT if model.main.operators[0].type in _WITHOUT_REFERENCE else LitertKernels.REFERENCE
    try:
        Reference(model, kernels=kernels)
    except NpufitError:
        return False
    return True


def _has_vast_kernel(values: Values) -> bool:
    return any(int(values.get(name, 1)) > _LARGEST_PREPARED_KERNEL for name in ("kh", "kw"))


@pytest.mark.parametrize("space", spaces(), ids=lambda space: space.name)
def test_a_space_draws_its_operator_as_its_values_say(space: Space) -> None:
    for name, values in _moved(space):
        model = _drawn(space, values)
        if model is None:
            continue
        validate(model)
        tested = [model.main.operators[index] for index in space.tested]
        assert {operator.type for operator in tested} == {space.operator}
        if is_known(name):
            measured = measure(model.main, tested[0])
            assert measured.get(name) == values[name], f"{name}={values[name]}"


@pytest.mark.parametrize("space", spaces(), ids=lambda space: space.name)
def test_litert_prepares_the_base_and_every_size_and_option(space: Space) -> None:
    assert _is_prepared(space.draw(space.base))
    for name, values in _moved(space):
        model = _drawn(space, values)
        if model is None or name in _UNPREPARED:
            continue
        assert _has_vast_kernel(values) or _is_prepared(model), f"{name}={values[name]}"


@pytest.mark.parametrize("space", spaces(), ids=lambda space: space.name)
def test_every_word_can_be_asked_about(space: Space) -> None:
    for axis in space.axes:
        for value in _sampled(axis):
            values = {**space.base, axis.name: value}
            for _ in range(3):
                needed = _needed(space, values)
                assert set(needed) <= set(space.base)
                values = {**values, **needed, axis.name: value}
            assert isinstance(axis, Numbers) or _drawn(space, values) is not None, f"{axis.name}={value}"


def test_the_same_values_are_the_same_file() -> None:
    generator = random.Random(15)
    for space in spaces():
        values = {axis.name: generator.choice([*_sampled(axis)][:4]) for axis in space.axes}
        files = {serialize_model(model) for _ in range(2) if (model := _drawn(space, values)) is not None}
        assert len(files) < 2


@pytest.mark.parametrize(("kind", "dtype"), [("CONV_2D", "int8"), ("DEPTHWISE_CONV_2D", "uint8")])
def test_the_sum_of_weights_takes_any_value(kind: str, dtype: str) -> None:
    space = space_of(kind)
    few = {**space.base, "dtype": dtype, "kh": 2, "kw": 2, "c": 1 if kind == "CONV_2D" else 6}
    sums = set[Value]()
    for weight in range(1, 129):
        for lowered in range(4):
            model = space.draw({**few, "weight": weight, "lowered_weights": lowered})
            sums.add(measure(model.main, model.main.operators[0])["weights_sum"])
    assert sums == set(range(1, 4 * 128 + 1))


def test_an_unknown_operator_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(InputError, match=r"CONV2D is no operator type\. Did you mean CONV_2D"):
        spaces(["CONV2D"])
    with pytest.raises(InputError, match="HASHTABLE cannot be drawn"):
        spaces(["hashtable"])
    assert [space.name for space in spaces(["add", "Mean"])] == ["ADD", "MEAN"]
    assert set(operator_types()) == {space.operator for space in spaces()}


def test_a_window_is_padded_only_where_it_reaches_beyond_the_map() -> None:
    space = space_of("CONV_2D")

    def measured(name: str, **values: Value) -> Value:
        model = space.draw({**space.base, **values})
        return measure(model.main, model.main.operators[0])[name]

    assert measured("padded") == "true"
    assert measured("padded", padding="VALID") == "false"
    assert measured("padded", stride_h=16) == "true"
    assert measured("padded", stride_h=16, stride_w=16) == "false"
    assert measured("dilated_kh", kh=5, dilation_h=3) == 13
