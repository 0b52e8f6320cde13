"""cancel-transposes and clean-reshapes: elements arrive where they did before, with fewer operators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import FLOAT32, Network, quantized
from npufit.graph import (
    NOT_QUANTIZED,
    AddOptions,
    GatherOptions,
    Model,
    MulOptions,
    OtherOptions,
    ReshapeOptions,
    SqueezeOptions,
    SubOptions,
)
from npufit.rewrite import Context
from npufit.rewrite.passes.reshapes import CleanReshapes
from npufit.rewrite.passes.transposes import CancelTransposes
from rewrite.rewriting import assert_same_answers, hazards, kinds, on, on_npu, place, read, rewrite


def _turn(net: Network, source: int, *order: int) -> int:
    tensor = net.tensors[source]
    shape = [(tensor.shape or ())[axis] for axis in order]
    operands = (source, net.constant(list(order)))
    return net.apply("TRANSPOSE", operands, shape, quantization=tensor.quantization, element=tensor.element)


def _reshape(net: Network, source: int, *shape: int) -> int:
    options = ReshapeOptions(shape)
    tensor = net.tensors[source]
    return net.apply("RESHAPE", (source, net.constant(list(shape))), shape, options, quantization=tensor.quantization)


def _work(net: Network, source: int) -> int:
    """Add an operator that computes."""
    return net.apply("ABS", (source,), net.tensors[source].shape or ())


def _same(
    pass_: CancelTransposes | CleanReshapes, model: Model, wanted: list[str], context: Context | None = None
) -> None:
    after = rewrite(pass_, model, context).model
    assert kinds(after) == wanted
    assert_same_answers(pass_, model, after)


def test_there_and_back_is_nothing() -> None:
    net = Network()
    first = _work(net, net.input(1, 4, 5, 6))
    model = net.model(_work(net, _turn(net, _turn(net, first, 0, 3, 1, 2), 0, 2, 3, 1)))
    _same(CancelTransposes(), model, ["ABS", "ABS"])
    model = net.model(_turn(net, _turn(net, first, 0, 3, 1, 2), 0, 2, 3, 1))
    _same(CancelTransposes(), model, ["ABS"])


def test_two_in_a_row_are_one() -> None:
    net = Network()
    first = _turn(net, _turn(net, net.input(2, 4, 5, 6), 0, 3, 1, 2), 1, 0, 3, 2)
    _same(CancelTransposes(), net.model(_work(net, first)), ["TRANSPOSE", "ABS"])


def test_moving_only_a_one_is_another_shape() -> None:
    net = Network()
    model = net.model(_work(net, _turn(net, net.input(1, 1, 5, 6), 2, 0, 1, 3)))
    _same(CancelTransposes(), model, ["RESHAPE", "ABS"])


def _shuffle(element_depth: int = 12) -> Model:
    """Return what converters make of a channel shuffle in networks that had their channels first."""
    net = Network()
    half = element_depth // 2
    first = _turn(net, net.convolve(net.input(1, 6, 6, 4), element_depth, 3), 0, 3, 1, 2)
    turned = _turn(net, _reshape(net, first, half, 2, 16), 1, 0, 2)
    groups = _reshape(net, turned, 2, 1, half, 4, 4)
    outputs: list[int] = []
    for number in (0, 1):
        chosen = net.constant(np.array(number, np.int32))
        picked = net.apply("GATHER", (groups, chosen), (1, half, 4, 4), GatherOptions(0))
        outputs.append(net.convolve(_turn(net, picked, 0, 2, 3, 1), 8, 1))
    return net.model(*outputs)


def test_a_channel_shuffle_is_a_choice_of_channels() -> None:
    model = _shuffle()
    after = rewrite(CancelTransposes(), model).model
    assert sorted(kinds(after)) == ["CONV_2D"] * 3 + ["GATHER"] * 2
    assert_same_answers(CancelTransposes(), model, after)
    after = rewrite(CancelTransposes(), model, on(model, "25.3")).model
    assert kinds(after) == ["CONV_2D"] * 5
    assert hazards(after, "25.3") == []
    assert len(place(after, "25.3").partitions) == 1
    assert_same_answers(CancelTransposes(), model, after)


def test_transposes_cancel_across_what_computes_element_by_element() -> None:
    net = Network()
    one = _turn(net, net.input(1, 4, 5, 6), 0, 3, 1, 2)
    two = _turn(net, net.input(1, 4, 5, 6, quantization=quantized(0.02, 3)), 0, 3, 1, 2)
    held = net.random(1, 6, 1, 1, quantization=quantized(0.01))
    scalar = net.constant(np.array(55, np.int8), quantized(0.02))
    total = net.apply("ADD", (one, two), (1, 6, 4, 5), AddOptions())
    scaled = net.apply("MUL", (total, held), (1, 6, 4, 5), MulOptions())
    moved = net.apply("SUB", (scaled, scalar), (1, 6, 4, 5), SubOptions(), quantization=quantized(0.05, 0))
    last = net.apply("LOGISTIC", (moved,), (1, 6, 4, 5), quantization=quantized(1 / 256, -128))
    model = net.model(_turn(net, last, 0, 2, 3, 1))
    _same(CancelTransposes(), model, ["ADD", "MUL", "SUB", "LOGISTIC"])


def test_transposes_stay_where_somebody_else_reads_between_them() -> None:
    net = Network()
    middle = _work(net, _turn(net, net.input(1, 4, 5, 6), 0, 3, 1, 2))
    model = net.model(_turn(net, middle, 0, 2, 3, 1), _work(net, middle))
    assert CancelTransposes().rewrite(model, Context()) is None
    net = Network()
    first = _work(net, _turn(net, net.input(1, 4, 5, 6), 0, 3, 1, 2))
    model = net.model(_turn(net, first, 0, 3, 1, 2))
    assert CancelTransposes().rewrite(model, Context()) is None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_is_shortened_moves_the_same(data: st.DataObject) -> None:
    net = Network()
    last = net.input(1, 2, 3, 4)
    for _ in range(data.draw(st.integers(1, 5))):
        shape = net.tensors[last].shape or ()
        match data.draw(st.sampled_from(["turn", "turn", "reshape", "gather", "work"])):
            case "turn":
                last = _turn(net, last, *data.draw(st.permutations(range(len(shape)))))
            case "reshape":
                last = _reshape(net, last, *data.draw(st.permutations(shape)))
            case "gather":
                axis = data.draw(st.integers(0, len(shape) - 1))
                picks = data.draw(st.lists(st.integers(0, shape[axis] - 1), min_size=1, max_size=4))
                new = (*shape[:axis], len(picks), *shape[axis + 1 :])
                last = net.apply("GATHER", (last, net.constant(picks)), new, GatherOptions(axis))
            case _:
                last = _work(net, last)
    if not net.operators:
        return
    model = net.model(last)
    for pass_ in (CancelTransposes(), CleanReshapes()):
        for context in (Context(), on(model, "26.2")):
            rewritten = pass_.rewrite(model, context)
            if rewritten is not None:
                assert len(kinds(rewritten.model)) <= len(kinds(model))
                assert_same_answers(pass_, model, rewritten.model, randoms=1)


def test_reshapes_in_a_row_are_one() -> None:
    net = Network()
    first = net.apply("SQUEEZE", (_work(net, net.input(1, 1, 6, 4)),), (6, 4), SqueezeOptions((0, 1)))
    second = _reshape(net, first, 4, 3, 2)
    third = net.apply("EXPAND_DIMS", (second, net.constant([0])), (1, 4, 3, 2), OtherOptions("ExpandDimsOptions"))
    _same(CleanReshapes(), net.model(_work(net, third)), ["ABS", "RESHAPE", "ABS"])


def test_reshapes_that_come_back_go() -> None:
    net = Network()
    first = _work(net, net.input(1, 6, 4))
    model = net.model(_work(net, _reshape(net, _reshape(net, first, 6, 4), 1, 6, 4)))
    _same(CleanReshapes(), model, ["ABS", "ABS"])


def test_squeeze_becomes_reshape_and_reshape_has_two_inputs() -> None:
    net = Network()
    squeezed = net.apply("SQUEEZE", (net.input(1, 1, 6, 4),), (6, 4), SqueezeOptions((0, 1)))
    _same(CleanReshapes(), net.model(_work(net, squeezed)), ["RESHAPE", "ABS"])
    net = Network()
    one = net.apply("RESHAPE", (net.input(1, 6, 4),), (4, 6), ReshapeOptions((4, 6)))
    model = net.model(one)
    assert hazards(model, "26.2") == ["teflon.operand-read-early"]
    after = rewrite(CleanReshapes(), model).model
    assert hazards(after, "26.2") == []
    assert_same_answers(CleanReshapes(), model, after)
    assert CleanReshapes().rewrite(after, Context()) is None


def test_real_numbers_move_as_well() -> None:
    net = Network(FLOAT32)
    first = net.input(1, 4, 5, 6, quantization=NOT_QUANTIZED)
    turned = net.apply("ABS", (_turn(net, first, 0, 3, 1, 2),), (1, 6, 4, 5), quantization=NOT_QUANTIZED)
    _same(CancelTransposes(), net.model(_turn(net, turned, 0, 2, 3, 1)), ["ABS"])


def test_shufflenet_loses_its_shuffles() -> None:
    model = read("fastestdet_shufflenetv2")
    after = rewrite(CancelTransposes(), model, on(model, "26.2")).model
    assert "TRANSPOSE" not in kinds(after)
    assert "GATHER" not in kinds(after)
    assert len(place(model, "26.2").partitions) > 40
    assert len(place(after, "26.2").partitions) < 5
    assert on_npu(after, "26.2") == on_npu(model, "26.2")
    assert_same_answers(CancelTransposes(), model, after, randoms=1)


@pytest.mark.parametrize("name", ["mobilenet_v1_0.5_160_quant", "keras_transformer_encoder_int8"])
def test_networks_with_nothing_to_cancel_are_left_alone(name: str) -> None:
    assert CancelTransposes().rewrite(read(name), Context()) is None
    assert CleanReshapes().rewrite(read(name), Context()) is None
