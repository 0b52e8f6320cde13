"""Refusals of LSTMs and RNNs."""

from __future__ import annotations

from npufit.graph import ElementType
from npufit.stacks.vx.check import Check, Test, check, refusal
from npufit.stacks.vx.releases import Generation, since
from npufit.stacks.vx.vx_operator import VxOperator

_LSTM_OUTPUT_STATE, _LSTM_CELL_STATE = 18, 19
_FORWARD_WEIGHTS = 1
_BOTH_WAYS_LSTM_PROJECTION, _BOTH_WAYS_LSTM_AUXILIARY = 16, 42
_BOTH_WAYS_RNN_AUXILIARY, _BOTH_WAYS_RNN_AUXILIARY_WEIGHTS = 9, 10
_CELL_STATES = (ElementType.INT16, ElementType.FLOAT16)
_SINCE_52, _SINCE_611 = since(Generation.L5_15_52), since(Generation.L6_1_1)

LSTM_INPUT = refusal(
    "vx.lstm-input",
    "UNIDIRECTIONAL_SEQUENCE_LSTM is refused if its input is neither int8 nor uint8.",
    "an 8-bit input; a float32 LSTM stays on the CPU",
    'In a log: "UnidirectionalLstm input is only support UInt8 || Int8".',
    "A Keras LSTM converted without quantization.",
    _SINCE_52,
    "quantize the model to int8",
)
LSTM_STATE = refusal(
    "vx.lstm-state",
    "UNIDIRECTIONAL_SEQUENCE_LSTM is refused if output state and output differ in type, or if the cell state is wide.",
    "an output state with the output's type, and a cell state of type int16 or float16",
    'In a log: "OutputState should be the same type as output" or "Cell_state is only support Int16 || Float16 ".',
    "A hybrid LSTM, whose states are float32.",
    _SINCE_52,
    "quantize the model to int8 with the converter's usual int16 cell state",
)
RECURRENT_WEIGHTS = refusal(
    "vx.recurrent-weights",
    "BIDIRECTIONAL_SEQUENCE_LSTM and sequence RNNs are refused unless their weights are float32.",
    "float32 weights",
    'In a log: "Quantized weights are not supported", "Does not support quantized weights in '
    'UnidirectionalSequenceRnn" or "Does not support quantized weight in BidirectionalSequenceRnn".',
    "A quantized bidirectional LSTM.",
    _SINCE_611,
    "unroll the recurrence into dense layers, or leave this part in float32 (slow on this NPU)",
)
RECURRENT_EXTRAS = refusal(
    "vx.recurrent-extras",
    "A bidirectional LSTM with projection or auxiliary weights is refused, and so is a bidirectional RNN with only an "
    "auxiliary input.",
    "no projection, no auxiliary input",
    'In a log: "Projection weights are not supported", "Aux weights are not supported" or "Does not support auxiliary '
    'inputs without auxiliary weights in BidirectionalSequenceRnn".',
    "A stacked bidirectional network in one operator.",
    _SINCE_611,
    executed=False,
)


def _wide_input(site: VxOperator) -> str | None:
    source = site.input(0)
    return None if source is None or source.element.is_8_bit else str(source.element)


def _output_state(site: VxOperator) -> str | None:
    state, output = site.input(_LSTM_OUTPUT_STATE), site.output
    if state is None or output is None or state.element is output.element:
        return None
    return f"output state {state.element}, output {output.element}"


def _cell_state(site: VxOperator) -> str | None:
    state = site.input(_LSTM_CELL_STATE)
    return None if state is None or state.element in _CELL_STATES else f"cell state {state.element}"


def _weights(site: VxOperator) -> str | None:
    weights = site.input(_FORWARD_WEIGHTS)
    return None if weights is None or weights.element is ElementType.FLOAT32 else str(weights.element)


def _has(position: int, what: str) -> Test:
    return lambda site: what if site.input(position) is not None else None


def _auxiliary_alone(site: VxOperator) -> str | None:
    alone = site.input(_BOTH_WAYS_RNN_AUXILIARY) is not None and site.input(_BOTH_WAYS_RNN_AUXILIARY_WEIGHTS) is None
    return "an auxiliary input without weights" if alone else None


CHECKS: tuple[Check, ...] = (
    check(
        LSTM_INPUT,
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        _SINCE_52,
        _wide_input,
        "UnidirectionalLstm input is only support UInt8 || Int8",
    ),
    check(
        LSTM_STATE,
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        _SINCE_52,
        _output_state,
        "OutputState should be the same type as output",
    ),
    check(
        LSTM_STATE,
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        _SINCE_52,
        _cell_state,
        "Cell_state is only support Int16 || Float16 ",
    ),
    check(
        RECURRENT_WEIGHTS,
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        _SINCE_611,
        _weights,
        "Quantized weights are not supported",
        executed=False,
    ),
    check(
        RECURRENT_EXTRAS,
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        _SINCE_611,
        _has(_BOTH_WAYS_LSTM_PROJECTION, "projection weights"),
        "Projection weights are not supported",
        executed=False,
    ),
    check(
        RECURRENT_EXTRAS,
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        _SINCE_611,
        _has(_BOTH_WAYS_LSTM_AUXILIARY, "auxiliary weights"),
        "Aux weights are not supported",
        executed=False,
    ),
    check(
        RECURRENT_WEIGHTS,
        "BIDIRECTIONAL_SEQUENCE_RNN",
        _SINCE_611,
        _weights,
        "Does not support quantized weight in BidirectionalSequenceRnn",
        executed=False,
    ),
    check(
        RECURRENT_EXTRAS,
        "BIDIRECTIONAL_SEQUENCE_RNN",
        _SINCE_611,
        _auxiliary_alone,
        "Does not support auxiliary inputs without auxiliary weights in BidirectionalSequenceRnn",
    ),
    check(
        RECURRENT_WEIGHTS,
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        _SINCE_611,
        _weights,
        "Does not support quantized weights in UnidirectionalSequenceRnn",
    ),
)
