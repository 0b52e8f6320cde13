"""The needs of every part of a region along one axis: the spans of its tensors and where they are cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from npufit.graph import Subgraph, Wiring, boundary
from npufit.rewrite.tiling.axes import AxisSpan, Same, Whole, Window
from npufit.rewrite.tiling.tileable import Operand, TileableOperator, is_map

OperandPlace = tuple[int, int]
"""An operand: the index of its operator, and its position among the inputs."""

_Ranges = dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Region:
    """Consecutive operators that are tiled together, in order.

    `sources` are the tensors from outside, `results` those that others read; `sizes` gives rows and columns of each
    tensor, `weights` the bytes of one position of it.
    """

    operators: tuple[TileableOperator, ...]
    sources: tuple[int, ...]
    results: tuple[int, ...]
    sizes: Mapping[int, tuple[int, int]]
    weights: Mapping[int, int]
    operands: Mapping[OperandPlace, Operand]


def make_region(graph: Subgraph, operators: Sequence[TileableOperator], wiring: Wiring) -> Region | None:
    """Return the region of `operators` of `graph`, None if its results are unread or it reads a non-map."""
    crossing = boundary(graph, [member.index for member in operators], wiring)
    sources, results = crossing.inputs, tuple(sorted(crossing.outputs))
    made = [tensor for member in operators for tensor in member.outputs]
    if not results or any(not is_map(graph.tensors[tensor]) for tensor in sources):
        return None
    shapes = {tensor: graph.tensors[tensor].shape or (1, 1, 1, 1) for tensor in (*sources, *made)}
    return Region(
        tuple(operators),
        sources,
        results,
        {tensor: (shape[1], shape[2]) for tensor, shape in shapes.items()},
        {
            tensor: max(1, shape[0] * shape[3] * graph.tensors[tensor].element.bits // 8)
            for tensor, shape in shapes.items()
        },
        {(member.index, operand.position): operand for member in operators for operand in member.operands},
    )


@dataclass(frozen=True, slots=True)
class Stripe:
    """One part of a region along one axis.

    `spans` gives the positions of each tensor, `cuts` the operands of which a smaller range is read, `kept` the range
    of each result that this part contributes. Operators whose outputs have no span do not run in this part.
    """

    spans: Mapping[int, AxisSpan]
    cuts: Mapping[OperandPlace, tuple[int, int]]
    kept: Mapping[int, tuple[int, int]]

    def places(self, tensor: int) -> int:
        """Return how many positions a tensor has in this part, 0 if none."""
        span = self.spans.get(tensor)
        return 0 if span is None else span.stop - span.start


@dataclass(slots=True)
class Effort:
    """How many more operators of parts may be examined, so that a search ends in a known time."""

    left: int


Fits = Callable[[Callable[[int], int]], bool]
"""Whether tensors fit, given the positions of each along the axis (0 for one that a part does not have)."""


def plan_stripes(
    region: Region, axis: int, bounds: Sequence[int], effort: Effort, fits: Fits
) -> tuple[Stripe, ...] | None:
    """Return the parts of `region` along `axis`, None if it cannot be divided like this or a part does not fit.

    `bounds` are the borders between parts on the coarsest result, from 0 to its size; results of other sizes are
    divided in proportion.
    """
    coarsest = bounds[-1]
    shares: list[_Ranges] = []
    for low, high in pairwise(bounds):
        shares.append({})
        for tensor in region.results:
            size = region.sizes[tensor][axis]
            shares[-1][tensor] = round(low * size / coarsest), round(high * size / coarsest)
    widest = max(range(len(shares)), key=lambda part: (bounds[part + 1] - bounds[part], 0 < part < len(shares) - 1))
    needs = _needs(region, axis, shares[widest], {})
    effort.left -= len(region.operators)
    if not fits(lambda tensor: needs[tensor][1] - needs[tensor][0] if tensor in needs else 0):
        return None
    stripes: list[Stripe] = []
    for kept in shares:
        stripe = _plan_stripe(region, axis, kept, effort) if effort.left > 0 else None
        if stripe is None or not fits(stripe.places):
            return None
        stripes.append(stripe)
    return tuple(stripes)


def whole_stripe(region: Region, axis: int) -> Stripe:
    """Return the only part of a region that is not divided along `axis`."""
    spans = {tensor: AxisSpan(0, sizes[axis], 0, sizes[axis]) for tensor, sizes in region.sizes.items()}
    return Stripe(spans, {}, {tensor: (0, region.sizes[tensor][axis]) for tensor in region.results})


def _plan_stripe(region: Region, axis: int, kept: _Ranges, effort: Effort) -> Stripe | None:
    """Return one part.

    An operator's input may start where its windows do not. Then the part grows by the few missing positions, which
    costs less than a slice; if growing for one operator would spoil it for another, the smaller tensor is cut.
    """
    growth: dict[OperandPlace, tuple[int, int]] = {}
    settled: set[OperandPlace] = set()
    found = _try(region, axis, kept, growth, {})
    effort.left -= 2 * len(region.operators)
    while found is not None:
        waiting = [stuck for stuck in found.stuck if stuck.place not in settled]
        if not waiting:
            return _cut_early(region, axis, kept, growth, found, effort)
        worst = max(waiting, key=lambda stuck: (_row_bytes(region, axis, stuck.place), stuck.place))
        settled.add(worst.place)
        for more in _growths(region, axis, worst):
            trial = {**growth, worst.place: more}
            again = _try(region, axis, kept, trial, {})
            effort.left -= 2 * len(region.operators)
            if again is not None and len(again.stuck) < len(found.stuck):
                growth, found = trial, again
                break
    return None


def _growths(region: Region, axis: int, stuck: _Stuck) -> list[tuple[int, int]]:
    """Return how much more to request before and after, so that the operand starts and ends in step."""
    axis_map = region.operands[stuck.place].maps[axis]
    step = max(getattr(axis_map, "stride", 1), getattr(axis_map, "down", 1))
    span, need = stuck.span, stuck.need
    before, behind = span.start % step, (axis_map.size - span.stop) % step if getattr(axis_map, "same", True) else 0
    # What is asked for adds up with what other operators spoil, or is less than what others ask for anyway.
    return [(before, behind), (before + need[0] - span.start, behind + span.stop - need[1])]


def _cut_early(
    region: Region,
    axis: int,
    kept: _Ranges,
    growth: Mapping[OperandPlace, tuple[int, int]],
    found: _Trial,
    effort: Effort,
) -> Stripe:
    """Return the stripe with operands cut further up if that is cheaper."""
    early: dict[OperandPlace, tuple[int, int]] = {}
    for place, span in found.merged:
        moved = _move_up(region, axis, place)
        if moved is None:
            continue
        again = _try(region, axis, kept, growth, {**early, moved: span})
        effort.left -= 2 * len(region.operators)
        if again is not None and len(again.merged) < len(found.merged):
            early[moved], found = span, again
    return found.stripe


class _Stuck(NamedTuple):
    """An operand that does not fit its operator: the available range, and the needed one."""

    place: OperandPlace
    span: AxisSpan
    need: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Trial:
    """A stripe, the operands that had to be cut because they do not fit their operator, and those cut to one size."""

    stripe: Stripe
    stuck: list[_Stuck]
    merged: list[tuple[OperandPlace, tuple[int, int]]]


def _try(
    region: Region,
    axis: int,
    kept: _Ranges,
    growth: Mapping[OperandPlace, tuple[int, int]],
    early: Mapping[OperandPlace, tuple[int, int]],
) -> _Trial | None:
    needs = _needs(region, axis, kept, growth)
    spans = {source: AxisSpan(*needs[source], *needs[source]) for source in region.sources if source in needs}
    cuts: dict[OperandPlace, tuple[int, int]] = dict(early)
    stuck: list[_Stuck] = []
    merged: list[tuple[OperandPlace, tuple[int, int]]] = []
    for member in region.operators:
        wanted = _hull(needs, member.outputs)
        if wanted is None:
            continue
        made: list[tuple[OperandPlace, AxisSpan]] = []
        for operand in member.operands:
            axis_map, place = operand.maps[axis], (member.index, operand.position)
            span = spans[operand.tensor]
            if isinstance(axis_map, Whole):
                if span.size != axis_map.size:
                    return None
                continue
            if place in early:
                start, stop = early[place]
                if start < span.start or stop > span.stop:
                    return None
                span = span.cut(start, stop)
            result = axis_map.produced(span)
            if result is None or result.first > wanted[0] or result.last < wanted[1]:
                need = axis_map.needed(*wanted)
                if need[0] < span.first or need[1] > span.last:
                    return None
                stuck.append(_Stuck(place, span, need))
                cuts[place] = need
                result = axis_map.produced(span.cut(*need))
                if result is None or result.first > wanted[0] or result.last < wanted[1]:
                    return None
            made.append((place, result))
        joined = _join(region, axis, member, made, cuts, merged)
        if joined is None:
            return None
        spans.update(dict.fromkeys(member.outputs, joined))
    return _Trial(Stripe(spans, cuts, kept), stuck, merged)


def _join(
    region: Region,
    axis: int,
    member: TileableOperator,
    made: list[tuple[OperandPlace, AxisSpan]],
    cuts: dict[OperandPlace, tuple[int, int]],
    merged: list[tuple[OperandPlace, tuple[int, int]]],
) -> AxisSpan | None:
    """Return the span of the output: that of the operands, cut to what all of them have."""
    if not made:
        size = region.sizes[member.outputs[0]][axis]
        return AxisSpan(0, size, 0, size)
    if len(made) == 1:
        return made[0][1]
    start, stop = max(span.start for _, span in made), min(span.stop for _, span in made)
    first, last = max(span.first for _, span in made), min(span.last for _, span in made)
    for place, span in made:
        if (span.start, span.stop) != (start, stop):
            cuts[place] = start, stop
            merged.append((place, (start, stop)))
    return AxisSpan(start, stop, first, last) if start <= first < last <= stop else None


def _needs(region: Region, axis: int, kept: _Ranges, growth: Mapping[OperandPlace, tuple[int, int]]) -> _Ranges:
    """Return which positions of each tensor must be correct, from the results backwards."""
    needs = dict(kept)
    for member in reversed(region.operators):
        wanted = _hull(needs, member.outputs)
        if wanted is None:
            continue
        for operand in member.operands:
            axis_map = operand.maps[axis]
            low, high = axis_map.needed(*wanted)
            if growth:
                before, behind = growth.get((member.index, operand.position), (0, 0))
                low, high = max(0, low - before), min(axis_map.size, high + behind)
            known = needs.get(operand.tensor)
            needs[operand.tensor] = (low, high) if known is None else (min(low, known[0]), max(high, known[1]))
    return needs


def _hull(needs: _Ranges, tensors: Sequence[int]) -> tuple[int, int] | None:
    if len(tensors) == 1:
        return needs.get(tensors[0])
    found = [needs[tensor] for tensor in tensors if tensor in needs]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def _row_bytes(region: Region, axis: int, place: OperandPlace) -> int:
    return _weight(region, axis, region.operands[place].tensor)


def _weight(region: Region, axis: int, tensor: int) -> int:
    """Return the bytes of one row (or column) of the whole tensor."""
    return region.weights[tensor] * region.sizes[tensor][1 - axis]


def _move_up(region: Region, axis: int, place: OperandPlace) -> OperandPlace | None:
    """Return the smaller operand further up that may be cut instead of this one, None if there is none.

    A shortcut that a convolution widens is cheaper to cut before the convolution.
    """
    tensor = region.operands[place].tensor
    weight, best = _weight(region, axis, tensor), None
    writers = {output: member for member in region.operators for output in member.outputs}
    while tensor in writers and tensor not in region.results:
        member = writers[tensor]
        readers = sum(operand.tensor == tensor for other in region.operators for operand in other.operands)
        if readers != 1 or len(member.operands) != 1 or len(member.outputs) != 1:
            break
        operand = member.operands[0]
        axis_map = operand.maps[axis]
        if not (
            isinstance(axis_map, Same) or (isinstance(axis_map, Window) and axis_map.kernel == axis_map.stride == 1)
        ):
            break
        tensor = operand.tensor
        if _weight(region, axis, tensor) < weight:
            weight, best = _weight(region, axis, tensor), (member.index, operand.position)
    return best
