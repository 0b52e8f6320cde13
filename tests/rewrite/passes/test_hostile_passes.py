"""Files that no tool should write: operators without operands, absurd options. A pass leaves them alone."""

from __future__ import annotations

import random

import pytest

from networks import FLOAT32, HALF, INT8, INT32, UINT8, quantized
from npufit.errors import ModelError
from npufit.graph import (
    NO_BUFFER,
    NO_TENSOR,
    NOT_QUANTIZED,
    Activation,
    AddOptions,
    Buffer,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    GatherOptions,
    Model,
    Operator,
    PackOptions,
    Padding,
    Pool2DOptions,
    Quantization,
    ReducerOptions,
    ReshapeOptions,
    SplitOptions,
    StridedSliceOptions,
    Subgraph,
    Tensor,
    UnpackOptions,
    validate,
)
from npufit.rewrite import Context, load_pass
from rewrite.rewriting import on

_PASSES = [
    "remove-dead", "cancel-transposes", "clean-reshapes", "fix-batch", "fold-pad", "fuse-activations",
    "unfuse-activations", "mean-to-convolution", "join-axis", "break-escape", "vector-gather", "to-int8", "to-uint8",
    "substitute",
]  # fmt: skip
_KINDS = [
    "PAD", "CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "ADD", "MUL", "RESHAPE", "SQUEEZE",
    "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE", "SPLIT", "CONCATENATION", "GATHER", "PACK", "UNPACK", "SHAPE",
    "MEAN", "FULLY_CONNECTED", "RELU", "RELU6", "QUANTIZE", "DEQUANTIZE", "CAST", "RESIZE_NEAREST_NEIGHBOR", "CUSTOM",
    "WHERE", "LOGISTIC", "REDUCE_PROD",
]  # fmt: skip
_OPTIONS = [
    None,
    Conv2DOptions(),
    Conv2DOptions(Padding.SAME, 2, 2),
    DepthwiseConv2DOptions(Padding.VALID, 1, 1, 1, Activation.RELU6),
    Pool2DOptions(),
    Pool2DOptions(Padding.VALID, 2, 2, 3, 3),
    ConcatenationOptions(3),
    ConcatenationOptions(-7),
    ReshapeOptions(),
    GatherOptions(9),
    SplitOptions(2),
    StridedSliceOptions(),
    PackOptions(1, 5),
    UnpackOptions(2, 7),
    ReducerOptions(),
    FullyConnectedOptions(),
    AddOptions(Activation.RELU),
]
_SHAPES = [(1, 8, 8, 32), (1, 9, 9, 3), (4,), (), (1, 36), (4, 2), (3, 3, 3, 8), None, (0,), (1, 1, 1, 32), (2,), (32,)]
_QUANTIZATIONS = [HALF, NOT_QUANTIZED, Quantization((0.1, 0.2), (0, 0)), quantized(0.0), Quantization((0.1,))]


def _tensor(draw: random.Random, number: int, *, computed: bool) -> Tensor:
    element, shape = draw.choice([INT8, INT8, INT8, UINT8, INT32, FLOAT32]), draw.choice(_SHAPES)
    tensor = Tensor(f"t{number}", shape, element, draw.choice(_QUANTIZATIONS), NO_BUFFER)
    buffer = NO_BUFFER
    if not computed and draw.random() < 0.4:
        small = [draw.choice([0, 0, 1, 2, 3]) if place % (element.bits // 8) == 0 else 0 for place in range(9)]
        buffer = Buffer(bytes((small * (tensor.size_bytes // 9 + 1))[: tensor.size_bytes]))
    signature = draw.choice([None, None, (-1, 8, 8, 16)])
    return Tensor(tensor.name, shape, element, tensor.quantization, buffer, shape_signature=signature)


def _network(seed: int) -> Model | None:
    draw = random.Random(seed)
    tensors = [_tensor(draw, number, computed=False) for number in range(draw.randint(3, 8))]
    inputs = tuple(index for index, tensor in enumerate(tensors) if not tensor.is_constant)[:2]
    written: list[int] = []
    operators: list[Operator] = []
    for _ in range(draw.randint(1, 5)):
        readable = [NO_TENSOR, *range(len(tensors)), *written * 3]
        operands = tuple(draw.choice(readable) for _ in range(draw.randint(0, 4)))
        results = tuple(range(len(tensors), len(tensors) + draw.choice([0, 1, 1, 1, 2])))
        tensors += [_tensor(draw, number, computed=True) for number in results]
        kind, options = draw.choice(_KINDS), draw.choice(_OPTIONS)
        operators.append(Operator(kind, operands, results, options, custom_code="Any"))
        written += results
    outputs = tuple(dict.fromkeys([draw.randrange(len(tensors)), *written[-1:]]))
    model = Model("hostile", (Subgraph(tuple(tensors), inputs, outputs, tuple(operators)),))
    try:
        validate(model)
    except ModelError:
        return None
    return model


@pytest.mark.parametrize("name", _PASSES)
def test_no_pass_falls_over_what_a_file_may_say(name: str) -> None:
    pass_ = load_pass(name)()
    tried = 0
    for seed in range(500):
        model = _network(seed)
        if model is None:
            continue
        tried += 1
        for context in (Context(), on(model, "25.3"), on(model, "26.2")):
            rewritten = pass_.rewrite(model, context)
            if rewritten is not None:
                validate(rewritten.model)
    assert tried > 200
