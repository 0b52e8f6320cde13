"""Up to BSP 5.15.32 one tensor of unknown size switches the delegate off for the whole graph."""

from __future__ import annotations

from npufit.graph import Subgraph
from npufit.stacks.rule import Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.vx.releases import Generation, describe, until
from npufit.stacks.vx.site import sites_of
from npufit.stacks.vx.sources import DELEGATE, TFLITE

STATIC_ONLY = until(Generation.L5_15_32)

_SIZED_BY: dict[str, tuple[int, ...]] = {
    "RESHAPE": (1,),
    "STRIDED_SLICE": (1, 2, 3),
    "SLICE": (1, 2),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "PAD": (1,),
    "PADV2": (1,),
    "MIRROR_PAD": (1,),
    "EXPAND_DIMS": (1,),
    "TILE": (1,),
    "FILL": (0,),
    "RANGE": (0, 1, 2),
    "BROADCAST_TO": (1,),
    "TRANSPOSE_CONV": (0,),
    "ONE_HOT": (1,),
    "TOPK_V2": (1,),
    "SPLIT": (0,),
    "SPLIT_V": (1, 2),
    "BATCH_TO_SPACE_ND": (1, 2),
    "SPACE_TO_BATCH_ND": (1, 2),
    "SCATTER_ND": (2,),
    "SPARSE_TO_DENSE": (1,),
    "MEAN": (1,),
    "SUM": (1,),
    "REDUCE_MIN": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_PROD": (1,),
    "REDUCE_ANY": (1,),
    "ARG_MAX": (1,),
    "ARG_MIN": (1,),
}
"""The operands that give TensorFlow Lite's kernels the size of their output; where one is computed, so is the size."""

_ALWAYS = frozenset({"WHERE", "UNIQUE", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"})
"""Operators whose output's size depends on values, whatever their operands are."""

DYNAMIC_GRAPH = Rule(
    id="vx.dynamic-graph",
    kind=RuleKind.REFUSAL,
    stage=Stage.FRONTEND_CHECK,
    statement="One operator whose output size is computed keeps the whole graph off the NPU.",
    limit="no operator whose output size depends on a computed operand",
    why="Up to BSP 5.15.32 the delegate does not tell TensorFlow Lite that it can live with such tensors, so it is not "
    'asked at all. In a log: "Attempting to use a delegate that only supports static-sized tensors with a graph that '
    'has dynamic-sized tensors".',
    example="A Keras model with a dynamic batch that flattens with SHAPE, STRIDED_SLICE, PACK and RESHAPE.",
    remedies=(
        Remedy(RemedyKind.REWRITE, "fix the batch before the conversion, so that the converter folds the shape"),
    ),
    versions=describe(STATIC_ONLY),
    evidence=Evidence.INFERRED,
    source=f"{DELEGATE}; {TFLITE}; which kernels size their output by an operand is general knowledge of TFLite",
)


def find_dynamic(subgraph: Subgraph) -> str | None:
    """Return the first operator whose output size is computed, None where all sizes are in the file."""
    for site in sites_of(subgraph):
        if site.type in _ALWAYS or site.computed(*_SIZED_BY.get(site.type, ())):
            return f"operator {site.index} ({site.type})"
    return None
