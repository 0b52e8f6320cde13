"""Shrinking: a model stays valid, keeps its symptom, and ends where nothing can go."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npufit
from networks import UINT8, Network, quantized
from npufit.graph import Model, Operator, validate
from npufit.probing import Command, ProbeOptions
from npufit.probing.asking import Answer, Conversion, End
from npufit.probing.shrinking import Find, ShrinkOptions, shrink
from npufit.probing.shrinking.fewer_operators import fewest, keep_operators
from npufit.probing.shrinking.hunt import is_loaded
from npufit.probing.shrinking.smaller_sizes import knobs_of, with_sizes
from npufit.probing.shrinking.symptom import essence
from npufit.stacks import PlaceOptions, Unit
from npufit.tflite import serialize_model

STAND_INS = Path(__file__).parents[2] / "stand_ins"
PATTERN = r"operator (?P<index>\d+): (?P<unit>NPU|CPU)"


def image(model: Model, operator: Operator) -> tuple[int, ...]:
    """Return the shape of what an operator reads first, with four dimensions."""
    shape = model.main.tensors[operator.inputs[0]].shape or ()
    return (*(1,) * (4 - len(shape)), *shape)


@dataclass(frozen=True)
class Dies:
    """Dies of a CONV_2D whose lines are too long and that an ADD follows somewhere."""

    most: int
    name: str = "a converter that dies"
    version: str = ""

    def identify(self) -> tuple[str, ...]:
        return self.name, str(self.most)

    def convert(self, model: Model) -> Conversion:
        seen = False
        for operator in model.main.operators:
            _, _, width, channels = image(model, operator)
            seen = seen or (operator.type == "CONV_2D" and width * channels > self.most)
            if seen and operator.type == "ADD":
                return Conversion(Answer(End.CRASH, message="died of signal SIGSEGV at 0x7f12"))
        return Conversion(Answer(End.FINE, (Unit.NPU,) * len(model.main.operators)))


def test_a_network_becomes_the_two_operators_that_matter_at_their_smallest_sizes() -> None:
    result = shrink("zoo:mobilenet_v2@96,int8", Dies(1_000))
    main = result.model.main
    assert [operator.type for operator in main.operators] == ["CONV_2D", "ADD"]
    _, height, width, channels = image(result.model, main.operators[0])
    assert (height, width * channels > 1_000, (width - 1) * channels > 1_000) == (1, True, False)
    assert is_loaded(result.model)
    assert result.message == "died of signal SIGSEGV at 0x7f12"
    assert result.ended_by == ""
    assert result.questions < 300
    again = shrink("zoo:mobilenet_v2@96,int8", Dies(1_000))
    assert serialize_model(again.model) == serialize_model(result.model)


def test_a_program_that_dies_at_one_width_is_found_at_that_width() -> None:
    command = Command((sys.executable, str(STAND_INS), "crashing", "{input}", "{output}"), PATTERN)
    network = Network()
    out = network.input(1, 20, 320, 3)
    for stride in (1, 2, 1, 2):
        out = network.convolve(out, 8, stride=stride)
    result = shrink(network.model(), command)
    (operator,) = result.model.main.operators
    assert image(result.model, operator)[1:3] == (1, 320)
    assert result.symptom.find is Find.CRASH


def test_parts_of_a_network_that_hangs_get_less_time_than_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["npufit.probing.shrinking.shrink"], "_HANG_S", 1.0)
    command = Command((sys.executable, str(STAND_INS), "hanging", "{input}", "{output}"), PATTERN)
    network = Network()
    out = network.convolve(network.input(1, 16, 16, 8), 8)
    pooled = network.pool(out, 8)
    network.convolve(pooled, 8)
    place = PlaceOptions(time_limit_s=3)
    result = shrink(network.model(), command, ShrinkOptions(probe=ProbeOptions(place=place, use_cache=False)))
    assert [operator.type for operator in result.model.main.operators] == ["MAX_POOL_2D"]
    assert result.symptom.find is Find.TIMEOUT
    assert ("3 s" in result.first_message, "1 s" in result.message) == (True, True)


def test_velas_own_failure_shrinks_to_the_operator_that_it_gives_up_on() -> None:
    network = Network(UINT8, quantization=quantized(0.5, 120))
    out = network.convolve(network.convolve(network.input(1, 24, 20, 8), 12), 16)
    slopes = network.random(1, 1, 16, quantization=quantized(0.01, 255))
    out = network.apply("PRELU", (out, slopes), network.tensors[out].shape, quantization=quantized(0.25, 3))
    network.convolve(out, 8)
    result = shrink(network.model(), "imx93/vela@5.2")
    main = result.model.main
    assert [operator.type for operator in main.operators] == ["PRELU"]
    assert {size for tensor in main.tensors for size in tensor.shape or ()} == {1, 2}  # it takes a single channel
    assert (result.symptom.find, "gave up on an operation" in result.message) == (Find.ERROR, True)


def test_an_operator_that_is_refused_stays_refused() -> None:
    result = shrink("zoo:mobilenet_v2@96,int8", "imx93/vela", ShrinkOptions(find="refused"))
    main = result.model.main
    assert [operator.type for operator in main.operators] == ["QUANTIZE"]
    assert [tensor.element_count for tensor in main.tensors] == [1, 1]
    assert npufit.check(result.model, "imx93/vela").summary.npu == 0


def test_a_model_without_a_symptom_says_what_there_is() -> None:
    with pytest.raises(npufit.InputError, match=r"takes all of it: there is nothing to shrink\. What it makes cannot"):
        shrink("zoo:mobilenet_v2@96,int8", Dies(10_000_000))
    with pytest.raises(npufit.InputError, match="ends with crash, not timeout"):
        shrink("zoo:mobilenet_v2@96,int8", Dies(1_000), ShrinkOptions(find="timeout"))
    with pytest.raises(npufit.InputError, match="--find hang: unknown"):
        shrink("zoo:mobilenet_v2@96,int8", Dies(1_000), ShrinkOptions(find="hang"))


@given(count=st.integers(1, 40), needed=st.frozensets(st.integers(0, 39), max_size=4))
@settings(max_examples=200, deadline=None)
def test_what_is_needed_stays_and_nothing_else(count: int, needed: frozenset[int]) -> None:
    needed = frozenset(index for index in needed if index < count) or frozenset({0})
    assert fewest(count, lambda kept: needed <= set(kept)) == tuple(sorted(needed))


@pytest.mark.parametrize("network", ["yolov8n@96,int8", "deeplab_v3@65"])
def test_whatever_size_turns_the_model_stays_valid(network: str) -> None:
    model = npufit.load(f"zoo:{network}")
    turned = 0
    for knob in knobs_of(model)[::7]:
        for size in (1, knob.size // 2):
            alike = [other for other in knobs_of(model) if (other.kind, other.size) == (knob.kind, knob.size)]
            smaller = with_sizes(model, dict.fromkeys(alike, size))
            if smaller is not None:
                validate(smaller)
                turned += 1
    assert turned
    parts = [keep_operators(model, range(start, start + 3)) for start in range(0, len(model.main.operators) - 3, 9)]
    for part in parts:
        validate(part)
        assert len(part.main.operators) == 3


def test_messages_are_compared_without_what_depends_on_the_model() -> None:
    first = essence("Vela failed: tensor 'a/b' of shape 1x224x224x3 at 0x7fff12 in /tmp/x/y.py, line 12")
    assert first == essence("Vela failed: tensor 'c' of shape 1x8x8x3 at 0x00112233 in /tmp/z.py, line 12")
    assert first != essence("Vela failed: tensor 'a' of type 1")
