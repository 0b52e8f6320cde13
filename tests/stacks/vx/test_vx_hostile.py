"""Models that are sound files but make no sense: a placement is made, and nothing is raised."""

from __future__ import annotations

import random

import pytest

from npufit.graph import (
    NO_TENSOR,
    NOT_QUANTIZED,
    Activation,
    AddOptions,
    BatchMatMulOptions,
    Buffer,
    Conv2DOptions,
    ElementType,
    FullyConnectedOptions,
    GatherOptions,
    Model,
    Operator,
    Options,
    OtherOptions,
    PackOptions,
    Quantization,
    ReshapeOptions,
    StridedSliceOptions,
    Subgraph,
    Tensor,
    TransposeConvOptions,
)
from npufit.stacks import Status, Unit
from npufit.stacks.vx.mapping import MAPPED_SINCE
from stacks.vx.on_vx import SCALED, TWO_SCALES, place

_TYPES = (*sorted(MAPPED_SINCE), "CUSTOM", "WHILE", "TILE")
_OPTIONS: tuple[Options | None, ...] = (
    None,
    OtherOptions("Conv3DOptions", (("dilation_d_factor", 2**31 - 1), ("fused_activation_function", 99))),
    OtherOptions("MirrorPadOptions", (("mode", -1),)),
    OtherOptions("WhileOptions", (("fused_activation_function", b"x"),)),
    AddOptions(Activation.SIGN_BIT),
    Conv2DOptions(),
    FullyConnectedOptions(weights_format=7),
    BatchMatMulOptions(adj_x=True, adj_y=True),
    StridedSliceOptions(-1, -1, 0, 0, 2**31 - 1),
    GatherOptions(2**31 - 1, -9),
    PackOptions(-3, 99),
    ReshapeOptions((-1, -1, 0)),
    ReshapeOptions(()),
    TransposeConvOptions(fused_activation_function=Activation.RELU6),
)
_SHAPES = (None, (), (0,), (1,), (4, 4), (1, 2, 3), (1, 8, 8, 4), (2, 70_000), (1,) * 7, (2**20, 1))
_QUANTIZATIONS = (
    NOT_QUANTIZED,
    SCALED,
    TWO_SCALES,
    Quantization((), (3,)),
    Quantization((0.1,), ()),
    Quantization((float("nan"),), (2**62,)),
    Quantization((float("inf"), -1.0), (0,)),
    Quantization((0.0,), (-(2**62),)),
)


def _model(seed: int) -> Model:
    """Return a graph of mapped operators with operands that do not fit them."""
    draw = random.Random(seed)
    tensors = [
        Tensor(
            f"t{number}",
            draw.choice(_SHAPES),
            draw.choice(list(ElementType)),
            draw.choice(_QUANTIZATIONS),
            Buffer(draw.randbytes(draw.choice((0, 0, 1, 4, 8, 16)))),
            is_variable=draw.random() < 0.1,
            shape_is_inferred=draw.random() < 0.1,
        )
        for number in range(12)
    ]
    operators: list[Operator] = []
    for _ in range(draw.randrange(1, 7)):
        count = draw.choice((0, 1, 1, 2, 3, 4, 20, 43))
        inputs = tuple(draw.choice((NO_TENSOR, *range(len(tensors)))) for _ in range(count))
        outputs: list[int] = []
        for _ in range(draw.choice((0, 1, 1, 1, 2))):
            tensors.append(Tensor(f"o{len(tensors)}", draw.choice(_SHAPES), draw.choice(list(ElementType)), SCALED))
            outputs.append(len(tensors) - 1)
        kind = draw.choice(_TYPES)
        code = draw.choice((None, "vsi-npu", "WRNN_BIDI_SEQGRU", "Stay")) if kind == "CUSTOM" else None
        operators.append(Operator(kind, inputs, tuple(outputs), draw.choice(_OPTIONS), custom_code=code))
    return Model("hostile", (Subgraph(tuple(tensors), (0,), (len(tensors) - 1,), tuple(operators)),))


@pytest.mark.parametrize("version", ["5.10.72", "5.15.52", "6.1.22", "6.1.36", "6.6.36"])
def test_broken_operands_trip_no_rule_and_no_hazard(version: str) -> None:
    seen: set[str] = set()
    for seed in range(200):
        model = _model(seed)
        placement = place(model, version)
        assert placement.status is Status.COMPLETE
        assert len(placement.operators) == len(model.main.operators)
        placed = {index for partition in placement.partitions for index in partition.operators}
        on_npu = {operator.id.index for operator in placement.operators if operator.unit is Unit.NPU}
        # Operators that wait for each other in a circle are taken and end in no partition.
        assert placed <= on_npu
        assert all(hazard.operators[0] in placed for hazard in placement.hazards)
        seen |= {operator.finding.rule.id for operator in placement.operators if operator.finding}
    assert len(seen) > 8
