"""Up to BSP 5.15.32 one tensor of unknown size switches the delegate off for the whole graph."""

from __future__ import annotations

from npufit.graph import SIZING, Subgraph, operator_type
from npufit.stacks.rule import Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.vx.releases import Generation, describe, until
from npufit.stacks.vx.sources import DELEGATE, TFLITE
from npufit.stacks.vx.vx_operator import vx_operators

STATIC_ONLY = until(Generation.L5_15_32)

DYNAMIC_GRAPH = Rule(
    id="vx.dynamic-graph",
    kind=RuleKind.REFUSAL,
    stage=Stage.FRONTEND_CHECK,
    statement="One operator with a computed output size keeps the whole graph off the NPU.",
    limit="no operator whose output size depends on a computed operand",
    why="Up to BSP 5.15.32 the delegate does not tell TensorFlow Lite that it supports such tensors, so TensorFlow "
    'Lite does not use it at all. In a log: "Attempting to use a delegate that only supports static-sized '
    'tensors with a graph that has dynamic-sized tensors".',
    example="A Keras model with a dynamic batch that flattens with SHAPE, STRIDED_SLICE, PACK and RESHAPE.",
    remedies=(
        Remedy(RemedyKind.REWRITE, "fix the batch before the conversion, so that the converter folds the shape"),
    ),
    versions=describe(STATIC_ONLY),
    evidence=Evidence.INFERRED,
    source=f"{DELEGATE}; {TFLITE}; which kernels take their output size from an operand is general knowledge of TFLite",
)


def find_dynamic(subgraph: Subgraph) -> str | None:
    """Return the first operator whose output size is computed, None if the file has all sizes."""
    for site in vx_operators(subgraph):
        row = operator_type(site.operator)
        if row.sized_by_values or site.computed(*row.positions(site.operator, *SIZING)):
            return f"operator {site.index} ({site.type})"
    return None
