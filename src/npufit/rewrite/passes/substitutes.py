"""substitute: write operators that a target lacks with operators that it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from npufit.errors import InputError
from npufit.graph import Model, has_operands
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site, option
from npufit.rewrite.substitution import KINDS, Substitution, find_substitution
from npufit.rewrite.surgery import Editor

_STRIDE_HAZARD = "ethosu.stride-overflow"


@dataclass(frozen=True)
class Substitute(Pass):
    """An operator that the target refuses is written with ones that it accepts.

    Each is tried alone first: the target must accept all of the new operators (a RESHAPE may stay on the CPU) without a
    hazard, and the notes give the error on random values. The kinds:

    1. `dilation`: a dilated convolution gets a kernel with zeros between its values. The same result.
    2. `stride`: CONV_2D with a stride above 3 and no padding folds pixels into channels first. The same result.
    3. `bilinear`: RESIZE_BILINEAR by a power of two becomes doublings and averages, in each of its three conventions;
       from one pixel, only doublings; to the same size, a copy. Only rounding differs.
    4. `nearest`: RESIZE_NEAREST_NEIGHBOR by 4, 8, ... becomes doublings. The same result.
    5. `affine`: MUL, ADD and SUB with a constant per channel become a 1x1 depthwise convolution.
    6. `subtract`: SUB becomes an ADD of the negative.
    7. `leaky`: LEAKY_RELU and PRELU become two 1x1 depthwise convolutions, one with a RELU, and an ADD.
    8. `absolute`: ABS becomes the sum of RELU(x) and RELU(-x).
    9. `clamp`: separate RELU and RELU6 become a 1x1 depthwise convolution with that activation.
    10. `rescale`: QUANTIZE between tensors of one type becomes a 1x1 depthwise convolution.
    11. `average`: MEAN over height and width, and AVERAGE_POOL_2D without padding, become a depthwise convolution.
    12. `matrix`: FULLY_CONNECTED becomes a CONV_2D.

    Not substituted: SOFTMAX, LOGISTIC and TANH (a piecewise linear approximation is off by many steps; omitting a final
    SOFTMAX changes what the network means, so that is for `cut`), HARD_SWISH (it needs a product of two maps, and every
    driver that has MUL has HARD_SWISH), ARG_MAX, and operators that copy, for which there are exact passes.
    """

    name: ClassVar[str] = "substitute"
    exactness: ClassVar[Exactness] = Exactness.APPROXIMATE
    summary: ClassVar[str] = "write operators that the target lacks with operators that it has"
    cures: ClassVar[tuple[str, ...]] = ("ethosu.dilation", "etnaviv.dilation", "rocket.dilation")

    kinds: tuple[str, ...] = option((), f"what to substitute, joined by +; all if empty: {' '.join(KINDS)}")

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with these operators substituted, None if there are none."""
        for kind in self.kinds:
            if kind not in KINDS:
                raise InputError(f"substitute: there is no kind '{kind}'. Known: {', '.join(KINDS)}.")
        editor = Editor(model)
        sites: list[Site] = []
        notes: list[str] = []
        for index, substitution in self._trials(model, context):
            kind = model.main.operators[index].type
            substitution.build(editor, index)
            sites.append(Site(0, (index,), f"{kind} becomes {substitution.what}"))
            notes.append(f"operator {index} ({kind}): {substitution.error}")
        return Rewritten(editor.finish(), tuple(sites), tuple(notes)) if sites else None

    def _trials(self, model: Model, context: Context) -> Iterator[tuple[int, Substitution]]:
        operators = model.main.operators
        if context.placement is None:
            wanted = frozenset(range(len(operators)))
        else:
            wanted = context.off_npu().union(context.endangered_by(_STRIDE_HAZARD))
        chosen = [KINDS[kind] for kind in self.kinds or KINDS]
        for index in sorted(index for index in wanted if has_operands(operators[index])):
            builders = [builder for kind in chosen if operators[index].type in kind.types for builder in kind.builders]
            substitution = find_substitution(model, index, tuple(builders), context) if builders else None
            if substitution is not None:
                yield index, substitution
