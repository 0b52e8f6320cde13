"""Where ethosu's average pooling rounds a half the other way: one step, so it gets a note and is no hazard.

The driver makes the NPU subtract the zero point, average and round halves away from zero, and add the zero point again;
the reference kernels average the values directly. (Vela sets both zero points to 0 for this reason.) So the two differ
by 1 step if an average is exactly a half and lies between zero and the zero point for int8, or below the zero point for
uint8. Source: `ethosu_lower_pooling` and `emit_pooling` of 25.3, 26.1 and 26.2 (`sources.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from npufit.formatting import ranges
from npufit.graph import ElementType, Padding, Pool2DOptions, same_padding
from npufit.stacks.placement import Note
from npufit.stacks.rule import Evidence
from npufit.stacks.teflon.node import Node, four_dimensions
from npufit.stacks.teflon.release import Release
from npufit.stacks.teflon.sources import ETHOSU_LOWERING

_NOTE_START = "AVERAGE_POOL_2D"
_MOST_WINDOWS = 4096
"""Windows examined at each border: far more than the NPU's kernels reach."""


def rounding_note(accepted: Iterable[Node], release: Release) -> Note | None:
    """Return a note on the average poolings among the accepted operators, None if all are exact."""
    inexact = [node.index for node in accepted if node.type == "AVERAGE_POOL_2D" and rounds_differently(node)]
    if not inexact:
        return None
    evidence = Evidence.INFERRED if release is Release.MAIN else Evidence.SOURCE
    text = (
        f"{_NOTE_START} (operators {ranges(inexact)}) may differ from the reference kernels by 1 step: an average "
        "that is exactly a half is rounded away from the zero point instead of away from zero."
    )
    return Note(text, evidence, f"{ETHOSU_LOWERING}, ethosu_cmd.c; 3 of 1152 values of one network on a real library")


def is_rounding_note(note: Note) -> bool:
    """Return whether `note` is a `rounding_note`."""
    return note.text.startswith(_NOTE_START) and "by 1 step" in note.text


def rounds_differently(node: Node) -> bool:
    """Return whether an average can be a half that is rounded the other way: even windows and a relevant zero point."""
    ifm, options = node.input(0), node.operator.options
    if ifm is None or not isinstance(options, Pool2DOptions) or not ifm.element.is_8_bit:
        return False
    zero_point = ifm.quantization.zero_point
    counts_from_zero_point = zero_point != 0 if ifm.element is ElementType.INT8 else zero_point > 0
    return counts_from_zero_point and any(count % 2 == 0 for count in _counts(node, options))


def _counts(node: Node, options: Pool2DOptions) -> set[int]:
    """Return how many values the windows hold: fewer at the borders with padding SAME."""
    ifm, ofm = node.input(0), node.output
    if ifm is None or ofm is None or ifm.shape is None or ofm.shape is None:
        return {options.filter_height * options.filter_width}
    (_, in_h, in_w, _), (_, out_h, out_w, _) = four_dimensions(ifm), four_dimensions(ofm)
    same = options.padding is Padding.SAME
    rows = _spans(in_h, out_h, options.filter_height, options.stride_h, same)
    columns = _spans(in_w, out_w, options.filter_width, options.stride_w, same)
    return {row * column for row in rows for column in columns}


def _spans(size: int, outputs: int, window: int, stride: int, same: bool) -> set[int]:
    """Return how many values of an axis the windows along it hold; those at both ends show all that there are."""
    before = same_padding(size, window, stride)[0] if same else 0
    edge = min(_MOST_WINDOWS, -(-window // max(1, stride)) + 1)
    places = {*range(min(outputs, edge)), *range(max(0, outputs - edge), outputs)}
    starts = (place * stride - before for place in places)
    return {span for start in starts if (span := min(start + window, size) - max(start, 0)) > 0}
