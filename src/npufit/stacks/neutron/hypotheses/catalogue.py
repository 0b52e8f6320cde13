"""The hypotheses: N1 to N8, and before them the simpler ones, limits on single operators and on segments.

Support and objections are what is public about i.MX95; the numbers of MobileNetV2 are those of its two conversions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npufit.stacks.neutron.hypotheses.hypothesis import Explanations, Hypothesis
from npufit.stacks.neutron.hypotheses.operator_limits import (
    OperatorDivisor,
    OperatorLimit,
    Quantities,
    operator_divisors,
    operator_limits,
)
from npufit.stacks.neutron.hypotheses.quantities import LINE
from npufit.stacks.neutron.hypotheses.regions import distance_regions, line_regions, untiled_regions
from npufit.stacks.neutron.hypotheses.segment_limits import last_segments, segment_limits
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork
from npufit.stacks.neutron.hypotheses.suffixes import retried_suffixes

_TENSOR = (
    ("activation_bytes", "bytes of one tensor"),
    ("ifm_bytes", "bytes of the input"),
    ("ofm_bytes", "bytes of the output"),
)
_BOTH = (("io_bytes", "bytes of input and output together"),)
_LINE = (
    (LINE, "values in one line of a feature map"),
    ("w*c", "values in one line of the input"),
    ("ofm_w*ofm_c", "values in one line of the output"),
)
_WEIGHTS = (("weights_bytes", "bytes of weights"),)
_SIDES = tuple(
    (prefix + side, f"{words} of the {map_}")
    for prefix, map_ in (("", "input"), ("ofm_", "output"))
    for side, words in (("h", "height"), ("w", "width"), ("c", "channels"))
)

_TILES = "Compute large maps in stripes, so that no tensor is larger than at a size that works"
_NOT_NEEDED = "none: it is no explanation"


def _limits_on(quantities: Quantities) -> Explanations:
    def explanations(seen: Sequence[SourceNetwork]) -> Iterator[OperatorLimit]:
        return operator_limits(quantities, seen)

    return explanations


def _divisors(seen: Sequence[SourceNetwork]) -> Iterator[OperatorDivisor]:
    return operator_divisors(_SIDES, seen)


HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis(
        "tensor-bytes",
        "bytes of one tensor",
        "A tensor may have at most so many bytes.",
        "the early feature maps are larger than any at 224x224",
        "operators with far smaller tensors are lost as well",
        _TILES,
        _limits_on(_TENSOR),
        "--only tile-spatial:like={like}",
        measures=_TENSOR[:1],
    ),
    Hypothesis(
        "io-bytes",
        "bytes of input and output together",
        "Input and output of an operator may have at most so many bytes together.",
        "the early operators read and write more than any at 224x224",
        "operators that read and write far less are lost as well",
        _TILES,
        _limits_on(_BOTH),
        "--only tile-spatial:like={like}",
        measures=_BOTH,
    ),
    Hypothesis(
        "line",
        "one line, width x channels",
        "One line of a feature map, width times channels, may have at most so many values.",
        "twenty operators have longer lines at 320x320 than any at 224x224",
        "blocks 4 to 10 have shorter lines and are lost as well",
        "Make the lines shorter: stripes of columns, or a narrower input",
        _limits_on(_LINE),
        "--only tile-spatial:limit-width-channels={line}",
        measures=_LINE[:1],
    ),
    Hypothesis(
        "weights",
        "bytes of weights",
        "The weights of an operator may have at most so many bytes.",
        "none",
        "the weights are the same at every resolution",
        _NOT_NEEDED,
        _limits_on(_WEIGHTS),
        measures=_WEIGHTS,
    ),
    Hypothesis(
        "divisibility",
        "sides that are multiples of a number",
        "Height, width or channels must be multiples of some number.",
        "160, 80, 40 and 20 fail; 112, 56, 28 and 14 pass",
        "7 and 10 pass, and have no common divisor",
        "Choose an input size whose feature maps have such sides",
        _divisors,
    ),
    Hypothesis(
        "segment-limit",
        "PADs split, with a limit for each part",
        "PADs split the network, and each segment may be at most so large.",
        "the last segment is what is left at 320x320",
        "segments that fail at 320x320 are smaller than others that pass at 224x224",
        "Remove the PADs, or make the segments smaller",
        segment_limits,
        "--only fold-pad",
    ),
    Hypothesis(
        "N1",
        "the whole graph fails, a smaller end is tried",
        "Tile scheduling or memory allocation fails for the whole graph; a smaller part at its end is tried.",
        "what is kept is one piece at the end; the log names both steps; the total is the same at both sizes",
        "the driver can spill to DDR; 1.17 schedules YOLOv8s-seg at 640x640",
        "Give the converter less at once: a smaller input, or the network in two files",
        retried_suffixes,
        "--cut",
    ),
    Hypothesis(
        "N2",
        "early operators fail with all around them",
        "A few early operators cannot be tiled and take their connected region with them.",
        "only early operators are larger than anything at 224x224",
        "the operators after them are separate and would convert",
        _TILES,
        untiled_regions,
        "--only tile-spatial:like={like}",
    ),
    Hypothesis(
        "N3",
        "PADs split, and only the last part is kept",
        "PADs stay on the CPU and split the network; beyond some size only the last part is kept.",
        "both networks of the report have explicit PADs; a fix of May 2024 in the delegate is about them",
        "the same PADs do not hurt at 224x224",
        "Fold the PADs into the operators after them, or export with TensorFlow 2.18 or later: the answer is the same",
        last_segments,
        "--only fold-pad",
    ),
    Hypothesis(
        "N4",
        "operands of an ADD too far apart",
        "The operands of an ADD lie further apart in memory than its offset can say (512k words).",
        "both networks of the report are residual; the limit is written in NXP's own delegate",
        "without reuse of memory only one ADD is too far apart at 320x320; the size of a word is unknown",
        "Shorten the way around the first ADDs: stripes of rows make everything between their operands smaller",
        distance_regions,
        "--only tile-spatial:like={like}",
    ),
    Hypothesis(
        "N5",
        "too long a line takes all before it along",
        "The line of a feature map, width times channels, is limited; an operator beyond takes all before it along.",
        "the last operator with a longer line than at 224x224 lies just before the part that is kept",
        "blocks 4 to 10 have shorter lines, so the limit cannot act on single operators",
        "Make the lines shorter: stripes of columns, or a narrower input",
        line_regions,
        "--only tile-spatial:limit-width-channels={line}",
    ),
    Hypothesis(
        "N6",
        "the scheduler gives up",
        "The scheduler gives up after some time or some number of tiles.",
        "the exact solver (OOpt) is documented to time out and fail",
        "the default is the heuristic scheduler (OFast)",
        "Convert with the other --optimization-level",
        untested="compare the kept operators and the generation time of OFast and OOpt",
    ),
    Hypothesis(
        "N7",
        "a defect of one release",
        "It is a defect of one release of the converter.",
        "NXP enables SSD MobileNetV2 at 300x300 with a later one; YOLOv8 converts at 640 and 1024; Toradex calls it a "
        "known topic",
        "nobody has published the same network with another release",
        "Use a release that converts it, with the BSP that belongs to it",
        untested="convert the same file with another release",
    ),
    Hypothesis(
        "N8",
        "an address or alignment limit",
        "An address or an alignment (1 MB) of a buffer limits what the NPU can reach.",
        "the driver has a register for the base of spilled data; buffers must be aligned to 1 MB",
        "this would show when the file runs, not when it is converted",
        "none known; compare the scratch tensor of the converted files",
        untested="compare the scratch tensor of converted files with the resolution, and run them on a board",
    ),
)
