"""A stand-in for NXP's converter with a hidden rule over groups of operators: it says so in its first line of output.

It knows nothing of npufit's hypotheses: each rule is written anew, from shapes alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from npufit.graph import Model, Operator, wire
from npufit.tflite import read_model, serialize_model
from stacks.neutron.stand_in_converter import FIRST_LINE, Convention, convert_model, write_log

_ON_THE_CPU = frozenset({"QUANTIZE", "DEQUANTIZE", "SOFTMAX"})


def _shape(model: Model, tensor: int) -> tuple[int, ...]:
    return model.main.tensors[tensor].shape or ()


def _elements(model: Model, operator: Operator) -> int:
    return max(prod(_shape(model, operator.inputs[0])), prod(_shape(model, operator.outputs[0])))


def _convolutions(model: Model) -> list[tuple[int, Operator]]:
    return [(index, it) for index, it in enumerate(model.main.operators) if it.type.endswith("CONV_2D")]


def _scheduling(model: Model) -> int:
    """Return where the kept end starts: as many operators as do half a billion multiply-accumulates by halves."""
    operators = model.main.operators
    work = [0] * len(operators)
    for index, operator in _convolutions(model):
        weights, result = _shape(model, operator.inputs[1]), _shape(model, operator.outputs[0])
        depth = 1 if operator.type == "DEPTHWISE_CONV_2D" else weights[3]
        work[index] = prod(result) * weights[1] * weights[2] * depth
    kept = len(operators)
    while kept and sum(work[-kept:]) > 302_000_000:
        kept //= 2
    return len(operators) - kept


def _early(model: Model) -> int:
    """Return the end of the region that operators with more than 2,000,000 elements take with them."""
    large = [index for index, operator in _convolutions(model) if _elements(model, operator) > 2_000_000]
    return max(large) + 46 if large else 0


def _pads(model: Model) -> int:
    """Return the operator after the last PAD, for inputs above 256x256."""
    pads = [index for index, operator in enumerate(model.main.operators) if operator.type == "PAD"]
    return max(pads) + 1 if pads and prod(_shape(model, model.main.inputs[0])) > 256 * 256 * 3 else 0


def _distance(model: Model) -> int:
    """Return the end of the region that an ADD takes with it whose operands are a megabyte apart."""
    graph = model.main
    producer, start, starts = wire(graph).producer, 0, list[int]()
    for operator in graph.operators:
        starts.append(start)
        start += prod(_shape(model, operator.outputs[0]))
    for index, operator in enumerate(graph.operators):
        writers = [starts[it] for tensor in operator.inputs if (it := producer[tensor]) is not None]
        if operator.type == "ADD" and len(writers) == 2 and abs(writers[0] - writers[1]) > 1 << 20:
            return index + 41
    return 0


def _line(model: Model) -> int:
    """Return the operator after the last convolution that reads lines of more than 11,000 values."""
    lines = [(index, _shape(model, operator.inputs[0])) for index, operator in _convolutions(model)]
    return max((index + 1 for index, shape in lines if shape[2] * shape[3] > 11_000), default=0)


def _nothing(model: Model) -> int:
    del model
    return 0


RULES: dict[str, Callable[[Model], int]] = {
    "scheduling": _scheduling,
    "early": _early,
    "pads": _pads,
    "distance": _distance,
    "line": _line,
    "nothing": _nothing,
}


def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--optimization-level", default="OFast")
    parser.add_argument("--rule", required=True)
    parser.add_argument("--version", default="2.0.2")
    given = parser.parse_args()
    source = read_model(given.input)
    lost = frozenset(range(RULES[given.rule](source)))
    types = _ON_THE_CPU | {"PAD"} if given.rule == "pads" else _ON_THE_CPU
    converted = convert_model(source, Convention(types, lost, version=given.version))
    Path(given.output).write_bytes(serialize_model(converted.model))
    sys.stdout.write(f"{FIRST_LINE}\n{write_log(source, converted, given.target)}")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
