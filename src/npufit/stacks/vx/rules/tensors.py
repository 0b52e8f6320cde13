"""What the delegate requires of the inputs and outputs of every operator, whatever its type."""

from __future__ import annotations

from npufit.formatting import shorten
from npufit.graph import ElementType, Tensor
from npufit.stacks.rule import Evidence, Finding
from npufit.stacks.vx.check import TensorCheck, TensorTest, finding_of, refusal
from npufit.stacks.vx.releases import ALL, Bsp, Generation, since, until
from npufit.stacks.vx.vx_operator import VxOperator, shape_words, written_shape

_MOST_DIMENSIONS = 6
_LONGEST = 65535

INPUT_INT64 = refusal(
    "vx.int64-input",
    "An operator with an int64 input is refused.",
    "no input of type int64 (from BSP 6.1.22 on BROADCAST_TO may have one)",
    'The translation has no 64-bit integers. In a log: "Int64 input is not supported".',
    "GATHER with int64 indices; the 64-bit bias of a 16x8 model.",
    ALL,
    "convert with int32 indices; quantize to int8 rather than 16x8",
)
INPUT_INT16 = refusal(
    "vx.int16-input",
    "An operator with an int16 input is refused.",
    "no input of type int16",
    'In a log: "Int16 input is not supported". Later releases check only FULLY_CONNECTED.',
    "The activations of a 16x8 model.",
    until(Generation.L5_15_32),
    "quantize to int8",
    executed=False,
)
INPUT_STRING = refusal(
    "vx.string-input",
    "An operator with a string input is refused.",
    "no input of type string",
    'In a log: "String input is not supported".',
    "GATHER over the names of classes.",
    since(Generation.L5_15_52),
    "look names up in the application",
)
INPUT_RANK = refusal(
    "vx.rank",
    "An operator with an input of more than six dimensions is refused.",
    "at most 6 dimensions for each input; outputs are not checked",
    'In a log: "vx-delegate doesn\'t support the tensor whose dimension is greater than 6."',
    "A window transformer that splits height and width in one RESHAPE of rank 7.",
    ALL,
    "split the reshape so that neighbouring dimensions stay together",
)
ZERO_DIMENSION = refusal(
    "vx.zero-dimension",
    "An operator with an input or output that has a dimension of 0 is refused.",
    "every dimension of inputs and outputs at least 1 in the file",
    'In a log: "vx-delegate doesn\'t support the tensor of which one of dims is 0".',
    "A CONCATENATION with an empty operand.",
    ALL,
    "remove the empty tensor from the model",
)
LONG_DIMENSION = refusal(
    "vx.long-dimension",
    "An operator with an input that has a dimension above 65535 is refused.",
    "every dimension but the first at most 65535, weights included",
    'In a log: "vx-delegate doesn\'t support tensor height/width > 65535".',
    "A dense layer after a flattened feature map of 65536 values.",
    since(Generation.L5_15_52),
    "pool before flattening, or split the dimension in two",
)
OUTPUT_INT16 = refusal(
    "vx.int16-output",
    "An operator with an int16 output is refused.",
    "no output of type int16",
    'In a log: "Int16 output is not supported". So almost nothing of a model quantized 16x8 runs on the NPU.',
    "Every convolution of a 16x8 model.",
    ALL,
    "quantize to int8",
)
OUTPUT_INT64 = refusal(
    "vx.int64-output",
    "An operator with an int64 output is refused.",
    "no output of type int64",
    'In a log: "Int64 output is not supported".',
    "The ARG_MAX at the end of DeepLab.",
    ALL,
    "let ARG_MAX produce int32, or compute the largest class in the application",
)


def _of_type(element: ElementType) -> TensorTest:
    def test(tensor: Tensor) -> str | None:
        return f"'{shorten(tensor.name)}' is {element}" if tensor.element is element else None

    return test


def _rank(tensor: Tensor) -> str | None:
    rank = len(written_shape(tensor))
    return f"'{shorten(tensor.name)}' has {rank} dimensions" if rank > _MOST_DIMENSIONS else None


def _zero(tensor: Tensor) -> str | None:
    return f"'{shorten(tensor.name)}' is {shape_words(tensor)}" if 0 in written_shape(tensor) else None


def _long(tensor: Tensor) -> str | None:
    above = [size for size in written_shape(tensor)[1:] if size > _LONGEST]
    return f"'{shorten(tensor.name)}' is {shape_words(tensor)}" if above else None


INPUTS: tuple[TensorCheck, ...] = (
    TensorCheck(INPUT_INT64, until(Generation.L6_1_1), _of_type(ElementType.INT64), "Int64 input is not supported"),
    TensorCheck(
        INPUT_INT64,
        since(Generation.L6_1_22),
        _of_type(ElementType.INT64),
        "Int64 input is not supported",
        frozenset({"BROADCAST_TO"}),
    ),
    TensorCheck(INPUT_INT16, until(Generation.L5_15_32), _of_type(ElementType.INT16), "Int16 input is not supported"),
    TensorCheck(
        INPUT_STRING, since(Generation.L5_15_52), _of_type(ElementType.STRING), "String input is not supported"
    ),
    TensorCheck(INPUT_RANK, ALL, _rank, "vx-delegate doesn't support the tensor whose dimension is greater than 6."),
    TensorCheck(ZERO_DIMENSION, ALL, _zero, "vx-delegate doesn't support the tensor of which one of dims is 0"),
    TensorCheck(
        LONG_DIMENSION, since(Generation.L5_15_52), _long, "vx-delegate doesn't support tensor height/width > 65535"
    ),
)
OUTPUTS: tuple[TensorCheck, ...] = (
    TensorCheck(OUTPUT_INT16, ALL, _of_type(ElementType.INT16), "Int16 output is not supported"),
    TensorCheck(OUTPUT_INT64, ALL, _of_type(ElementType.INT64), "Int64 output is not supported"),
    TensorCheck(ZERO_DIMENSION, ALL, _zero, "vx-delegate doesn't support the tensor of which one of dims is 0"),
)


def refuse_tensors(site: VxOperator, bsp: Bsp) -> tuple[Finding, str] | None:
    """Return the first input or output that keeps an operator off the NPU, and what the delegate prints."""
    for tensors, checks in ((site.inputs, INPUTS), (site.outputs, OUTPUTS)):
        for tensor in tensors:
            for asked in checks:
                if bsp.generation not in asked.generations or site.type in asked.spared:
                    continue
                found = asked.test(tensor)
                if found is not None:
                    executed = asked.rule.evidence is Evidence.EXECUTED
                    return finding_of(asked.rule, found, bsp, executed), asked.line
    return None
