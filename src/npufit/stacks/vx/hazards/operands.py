"""Hazards of operands that the delegate reads too naively when it builds its graph."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.formatting import shorten
from npufit.graph import NO_TENSOR, ElementType, ReshapeOptions, constant_values
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence
from npufit.stacks.vx.hazards.hazard import VxGraph, report, vx_hazard
from npufit.stacks.vx.releases import ALL, Generation, since, until
from npufit.stacks.vx.sources import DELEGATE
from npufit.stacks.vx.vx_operator import VxOperator, written_shape

_READ_EARLY: dict[str, tuple[int, ...]] = {
    "TRANSPOSE": (1,),
    "PAD": (1,),
    "MIRROR_PAD": (1,),
    "SPLIT": (0,),
    "SPLIT_V": (1, 2),
    "ARG_MAX": (1,),
    "ARG_MIN": (1,),
    "BATCH_TO_SPACE_ND": (1, 2),
    "SPACE_TO_BATCH_ND": (1, 2),
    "ONE_HOT": (1, 2, 3),
    "STRIDED_SLICE": (1, 2, 3),
    "SLICE": (1, 2),
    "EXPAND_DIMS": (1,),
    "MEAN": (1,),
    "SUM": (1,),
    "REDUCE_MIN": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_PROD": (1,),
    "REDUCE_ANY": (1,),
}
"""The operands whose values the mapper reads; if a release checks one, a computed value is refused anyway."""

_LAST_WITHOUT_REST = (6, 6, 36)
_VALUES = ("on", "off")

READ_EARLY = vx_hazard(
    "vx.operand-read-early",
    "An operand that the delegate reads while building its graph is computed by the model.",
    "permutations, paddings, axes, sizes and bounds as constants",
    "The mapper reads these operands at the first Invoke, before anything has run, without testing that they are "
    "constants. For a computed one it finds zeros or leftover memory. The graph fails to set up or computes something "
    "else.",
    "TRANSPOSE whose permutation is an input of the model.",
    ALL,
    DELEGATE,
    Effect.WRONG,
    rewrite="make the operand a constant; fix the batch and the input size, so that the converter folds it",
)
RESHAPE_BY_OPTIONS = vx_hazard(
    "vx.reshape-by-options",
    "RESHAPE with a computed shape uses the shape in its options instead.",
    "a constant shape, or options that hold the same shape",
    "Before BSP 6.1.36 the delegate takes RESHAPE with a computed shape, cannot read it, and falls back to the shape "
    "in the operator's options. Converters leave those options empty for a computed shape.",
    "The flattening of a Keras model with a dynamic batch.",
    until(Generation.L6_1_22),
    DELEGATE,
    Effect.WRONG,
    rewrite="fix the batch before the conversion, so that the converter folds the shape into a constant",
)
STRIDED_SLICE_BOUNDS = vx_hazard(
    "vx.strided-slice-bounds",
    "STRIDED_SLICE backwards, or with negative bounds, is cut at the wrong places.",
    "strides above 0 and bounds from 0 on; or, from BSP 6.6.23 on, negative bounds given for all dimensions",
    "A stride of -1 is taken for a missing one and becomes 1. If fewer bounds than dimensions are given, a negative "
    "bound is completed with the size of the wrong dimension; some releases before 6.6.23 do not complete it at all.",
    "x[:, ::-1] to mirror an image; x[:, 1:-1] of a feature map.",
    ALL,
    DELEGATE,
    Effect.WRONG,
    rewrite="write the bounds as positive numbers for every dimension; reverse with REVERSE_V2",
)
SLICE_REST = vx_hazard(
    "vx.slice-rest",
    "SLICE with a size of -1 (everything left) that does not begin at 0 reaches beyond the end.",
    "explicit sizes, or a begin of 0",
    "The delegate replaces -1 with the whole size of the dimension without subtracting the begin. Corrected in "
    "VeriSilicon's repository in October 2024.",
    "tf.slice(x, [0, 4], [-1, -1]).",
    ALL,
    "VeriSilicon/tflite-vx-delegate op_map.cc before and after @7c582a4",
    Effect.WRONG,
    rewrite="write the size explicitly",
    versions="up to BSP 6.6.36",
)
ONE_HOT_VALUES = vx_hazard(
    "vx.one-hot-values",
    "ONE_HOT with values that are not float32 fills in wrong numbers.",
    "on and off values of type float32",
    "The delegate reads the bytes of both values as a 32-bit float, whatever their type: the int32 1 becomes 1.4e-45.",
    "tf.one_hot(indices, depth, dtype=tf.int32).",
    since(Generation.L5_15_32),
    DELEGATE,
    Effect.WRONG,
    rewrite="let ONE_HOT produce float32 and convert its result",
)
REVERSE_AXES = vx_hazard(
    "vx.reverse-axes",
    "REVERSE_V2 over several axes reverses the wrong ones.",
    "one axis",
    "Only the first axis is translated to the NPU's order of dimensions; the others are passed unchanged.",
    "tf.reverse(x, [1, 2]).",
    since(Generation.L5_15_52),
    DELEGATE,
    Effect.WRONG,
    rewrite="reverse one axis after the other",
)


def find_early_operands(graph: VxGraph) -> Iterator[Hazard]:
    """Yield operators on the NPU whose graph depends on a computed operand."""
    for site in graph.accepted(*_READ_EARLY):
        for position in _READ_EARLY[site.type]:
            tensor = site.operator.input(position)
            if tensor != NO_TENSOR and not graph.tensor(tensor).is_constant:
                name = shorten(graph.tensor(tensor).name)
                message = f"it depends on '{name}', which is unknown when the graph is built"
                yield report(graph, READ_EARLY, site, message, f"operand {position} is computed", tensor=tensor)
                break


def find_reshapes_by_options(graph: VxGraph) -> Iterator[Hazard]:
    """Yield RESHAPEs with a computed shape whose options do not hold the shape of their output."""
    for site in graph.accepted("RESHAPE"):
        shape, output, options = site.input(1), site.output, site.operator.options
        if shape is None or shape.is_constant or output is None:
            continue
        wanted = options.new_shape if isinstance(options, ReshapeOptions) else None
        if wanted and _agrees(wanted, written_shape(output)):
            continue
        found = f"options say {'x'.join(map(str, wanted))}" if wanted else "no shape in the options"
        message = f"it is built without knowing '{shorten(shape.name)}', its shape"
        yield report(graph, RESHAPE_BY_OPTIONS, site, message, found)


def _agrees(wanted: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Return whether a shape with at most one -1 is `shape`."""
    same = len(wanted) == len(shape) and all(one in (-1, size) for one, size in zip(wanted, shape, strict=True))
    return same and wanted.count(-1) <= 1


def find_strided_slices(graph: VxGraph) -> Iterator[Hazard]:
    """Yield STRIDED_SLICEs whose strides or bounds the delegate misreads."""
    for site in graph.accepted("STRIDED_SLICE"):
        source = site.input(0)
        begin, end, strides = (_constant(site, position) for position in (1, 2, 3))
        if source is None or begin is None or end is None or strides is None:
            continue
        if -1 in strides:
            message = "it runs forwards although the model says backwards"
            yield report(graph, STRIDED_SLICE_BOUNDS, site, message, f"strides {list(strides)}")
            continue
        negative = _negative_bounds(site, begin, end)
        if not negative:
            continue
        shape = written_shape(source)
        # The size that is added is taken from the dimension that has the bound's place, counted from the last one.
        surplus = len(shape) - len(begin)
        missed = [axis for axis in negative if axis + surplus < len(shape) and shape[axis] != shape[axis + surplus]]
        message = f"its bounds in dimension {(missed or negative)[0]} are misread"
        found = f"{list(begin)} to {list(end)} of {'x'.join(map(str, shape))}"
        if graph.release.generation < Generation.L6_6_23:
            yield report(graph, STRIDED_SLICE_BOUNDS, site, message, found, evidence=Evidence.INFERRED)
        elif missed:
            yield report(graph, STRIDED_SLICE_BOUNDS, site, message, found)


def _negative_bounds(site: VxOperator, begin: tuple[int, ...], end: tuple[int, ...]) -> list[int]:
    """Return the dimensions with a negative bound that no mask replaces."""
    spared_begin, spared_end = site.number("begin_mask"), site.number("end_mask")
    spared_end |= site.number("shrink_axis_mask")
    return [
        axis
        for axis, (first, last) in enumerate(zip(begin, end, strict=False))
        if (first < 0 and not spared_begin >> axis & 1) or (last < 0 and not spared_end >> axis & 1)
    ]


def find_slices_of_the_rest(graph: VxGraph) -> Iterator[Hazard]:
    """Yield SLICEs that take everything left from an element after the first."""
    if graph.release.number > _LAST_WITHOUT_REST:
        return
    for site in graph.accepted("SLICE"):
        begin, size = _constant(site, 1), _constant(site, 2)
        if begin is None or size is None:
            continue
        pairs = enumerate(zip(begin, size, strict=False))
        axis = next((axis for axis, (first, count) in pairs if count < 0 < first), None)
        if axis is not None:
            message = f"it asks for the whole of dimension {axis} from element {begin[axis]} on"
            yield report(graph, SLICE_REST, site, message, f"begin {list(begin)}, size {list(size)}")


def find_one_hot_values(graph: VxGraph) -> Iterator[Hazard]:
    """Yield ONE_HOTs whose values are not floats."""
    for site in graph.accepted("ONE_HOT"):
        for position, role in enumerate(_VALUES, start=2):
            value = site.input(position)
            if value is not None and value.is_constant and value.element is not ElementType.FLOAT32:
                message = f"its {role} value is read as a float"
                yield report(graph, ONE_HOT_VALUES, site, message, f"{role} value of type {value.element}")
                break


def find_reversed_axes(graph: VxGraph) -> Iterator[Hazard]:
    """Yield REVERSE_V2s over more than one axis."""
    for site in graph.accepted("REVERSE_V2"):
        axes = _constant(site, 1)
        if axes is not None and len(axes) > 1:
            message = f"it reverses axes other than {', '.join(map(str, axes))}"
            yield report(graph, REVERSE_AXES, site, message, f"{len(axes)} axes")


def _constant(site: VxOperator, position: int) -> tuple[int, ...] | None:
    tensor = site.input(position)
    return None if tensor is None else constant_values(tensor)
