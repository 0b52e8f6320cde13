"""Which regions of a network to tile and how, so that no tensor exceeds a limit and little is recomputed."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil, inf, prod

from npufit.graph import Subgraph, measure_work, wire
from npufit.rewrite.tiling.limits import SizeLimits, limited_tensors, width_channels
from npufit.rewrite.tiling.stripes import Effort, Fits, Region, Stripe, make_region, plan_stripes, whole_stripe
from npufit.rewrite.tiling.tileable import COLUMNS, ROWS, TileableOperator, find_tileable

BYTE_PRICES = (4, 1, 16, 64)
"""How many multiply-accumulates a byte may cost that a slice or a concatenation moves; the first if nothing is known.

A plan is the cheapest by one of these prices; which price is right is a question of the target.
"""

_LEAD, _TRAIL = 4, 4
"""How many positions a region may begin before, and end after, what it must contain."""

_MOST_KNOTS = 6
"""How many groups of oversized tensors a region may contain if it could end between them."""

_EFFORT = 140_000
"""Operators of parts that one search may look at: about a second. The rest is not tiled."""

_UNMET = 1e18
"""The cost of a tensor that stays above the limit: more than that of any tiling."""


@dataclass(frozen=True, slots=True)
class TiledRegion:
    """A region, its parts along both axes, and what they cost."""

    region: Region
    rows: tuple[Stripe, ...]
    columns: tuple[Stripe, ...]
    extra_macs: int
    moved_bytes: int

    @property
    def indices(self) -> tuple[int, ...]:
        """The operators of the region, by index."""
        return tuple(member.index for member in self.region.operators)


@dataclass(frozen=True, slots=True)
class Tiling:
    """The tiled regions, the multiply-accumulates before, and the tensors that stay above the limit."""

    regions: tuple[TiledRegion, ...]
    macs: int
    unmet: tuple[int, ...]

    @property
    def extra_macs(self) -> int:
        """Multiply-accumulates that are done twice, because parts overlap."""
        return sum(tiled.extra_macs for tiled in self.regions)


def plan_tiling(graph: Subgraph, limits: SizeLimits, byte_price: float = BYTE_PRICES[0]) -> Tiling:
    """Return the tiling of `graph` that meets `limits` at the least cost found; the same for the same input.

    The cost is the multiply-accumulates that are done twice, and `byte_price` of them for each byte that is moved.
    """
    return _Search(graph, limits, _EFFORT, byte_price).run()


def smallest_tiling(graph: Subgraph, tiles: int) -> Tiling | None:
    """Return the tiling with at most that many tiles per region whose largest tensor is smallest, to two percent.

    Tensors that no tiling shrinks do not count. None if no tensor can shrink.
    """
    nothing = _Search(graph, SizeLimits(0), 0)
    sizes = [graph.tensors[tensor].size_bytes for tensor in nothing.large if tensor not in nothing.hopeless]
    largest = max(sizes, default=0)
    low, high, best = largest / tiles, float(largest), None
    while high - low > largest / 50:
        middle = (low + high) / 2
        search = _Search(graph, SizeLimits(middle, tiles=tiles), _EFFORT // 4)
        tiling = search.run()
        if search.hopeless.issuperset(tiling.unmet):
            high, best = middle, tiling
        else:
            low = middle
    return best


class _Search:
    """Positions between operators are joined from left to right by unchanged operators, or by tiled regions."""

    def __init__(self, graph: Subgraph, limits: SizeLimits, effort: int, byte_price: float = BYTE_PRICES[0]) -> None:
        self.graph = graph
        self.limits = limits
        self.byte_price = byte_price
        self.tileable = find_tileable(graph)
        self.effort = Effort(effort)
        self.counted = frozenset(limited_tensors(graph))
        self.wiring = wire(graph)
        self.large = {
            tensor: index
            for index, operator in enumerate(graph.operators)
            for tensor in operator.outputs
            if tensor in self.counted and not self._may_stay(tensor)
        }
        self.hopeless = frozenset(
            tensor
            for tensor, writer in self.large.items()
            if tensor in graph.outputs
            or any(self.tileable[index] is None for index in (writer, *self.wiring.consumers[tensor]))
        )

    def _may_stay(self, tensor: int) -> bool:
        found = self.graph.tensors[tensor]
        return self.limits.is_met(found.size_bytes, width_channels(found))

    @cached_property
    def boundaries(self) -> list[int]:
        """Positions across which no oversized tensor is written and read."""
        blocked: set[int] = set()
        for tensor, writer in self.large.items():
            if tensor not in self.hopeless:
                blocked.update(range(writer + 1, max(self.wiring.consumers[tensor], default=writer) + 1))
        return [position for position in range(len(self.graph.operators) + 1) if position not in blocked]

    def run(self) -> Tiling:
        """Return the cheapest way from the first to the last position."""
        marks = self.boundaries
        written = [writer for tensor, writer in self.large.items() if tensor not in self.hopeless]
        burden = [sum(low <= writer < high for writer in written) for low, high in pairwise(marks)]
        tiled = self._tiled_regions(marks, burden)
        best: list[float] = [inf] * len(marks)
        back: list[tuple[int, TiledRegion | None]] = [(0, None)] * len(marks)
        best[0] = 0.0
        for at, load in enumerate(burden):
            steps: list[tuple[int, float, TiledRegion | None]] = [(at + 1, _UNMET * load, None)]
            steps += [(end, self._cost(found), found) for end, found in tiled.get(at, ())]
            for end, cost, found in steps:
                if best[at] + cost < best[end]:
                    best[end], back[end] = best[at] + cost, (at, found)
        regions: list[TiledRegion] = []
        at = len(marks) - 1
        while at > 0:
            at, found = back[at]
            if found is not None:
                regions.append(found)
        macs = sum(measure_work(self.graph, operator).macs for operator in self.graph.operators)
        inside = {tensor for found in regions for member in found.region.operators for tensor in member.outputs}
        inside -= {tensor for found in regions for tensor in found.region.results}
        unmet = tuple(sorted(tensor for tensor in self.large if tensor not in inside))
        return Tiling(tuple(reversed(regions)), macs, unmet)

    def _tiled_regions(self, marks: list[int], burden: list[int]) -> dict[int, list[tuple[int, TiledRegion]]]:
        """Return the regions that can be tiled, by the number of the mark where they begin, with that of their end.

        Small ones are examined first: they find a solution for every part of the network before the budget is spent.
        """
        found: dict[int, list[tuple[int, TiledRegion]]] = {}
        for start, end in self._candidates(burden):
            if self.effort.left <= 0:
                break
            region = self._region(marks[start], marks[end])
            # A region that does not reach its ends is the same as a shorter one.
            if (
                region is None
                or region.operators[0].index >= marks[start + 1]
                or region.operators[-1].index < marks[end - 1]
            ):
                continue
            tiled = self._tile(region)
            if tiled is not None:
                found.setdefault(start, []).append((end, tiled))
        return found

    def _candidates(self, burden: list[int]) -> list[tuple[int, int]]:
        """Return the pairs of marks between which a region may lie, those with the least between them first."""
        heavy = [at for at, load in enumerate(burden) if load]
        pairs: dict[tuple[int, int], tuple[int, int]] = {}
        for position, first in enumerate(heavy):
            for last in heavy[position : position + _MOST_KNOTS]:
                before = heavy[position - 1] if position else -1
                behind = next((at for at in heavy if at > last), len(burden))
                for start in range(first, max(before, first - _LEAD), -1):
                    for end in range(last + 1, min(behind, last + _TRAIL) + 1):
                        rank = heavy.index(last) - position, first - start + end - last
                        pairs.setdefault((start, end), rank)
        return sorted(pairs, key=lambda pair: (pairs[pair], pair))

    def _region(self, start: int, stop: int) -> Region | None:
        """Return the operators between two positions that share oversized tensors, None if none can be tiled."""
        operators = [member for member in self.tileable[start:stop] if member is not None]
        operators = _connected(operators, self.large.keys() - self.hopeless)
        if not operators or not self._is_convex(operators, start, stop):
            return None
        region = make_region(self.graph, operators, self.wiring)
        if region is None or any(tensor in self.large and tensor not in self.hopeless for tensor in region.results):
            return None
        return region

    def _is_convex(self, operators: Sequence[TileableOperator], start: int, stop: int) -> bool:
        """Return whether nothing that leaves the region comes back into it."""
        members = {member.index for member in operators}
        tainted: set[int] = set()
        inside: set[int] = set()
        for index in range(start, stop):
            operator = self.graph.operators[index]
            if index in members:
                if not tainted.isdisjoint(operator.inputs):
                    return False
                inside.update(operator.outputs)
            elif not (inside.isdisjoint(operator.inputs) and tainted.isdisjoint(operator.inputs)):
                tainted.update(operator.outputs)
        return True

    def _tile(self, region: Region) -> TiledRegion | None:
        """Return `region` in as few tiles as meet the demand; rows first, because rows are contiguous in memory."""
        tallest = min(region.sizes[tensor][ROWS] for tensor in region.results)
        widest = min(region.sizes[tensor][COLUMNS] for tensor in region.results)
        found: TiledRegion | None = None
        least_columns, least = self._least(region)
        for columns in sorted({1, least_columns, 2, 3, 4, 6}):
            if not least_columns <= columns <= min(widest, self.limits.tiles):
                continue
            if found is not None and (len(found.rows) <= 3 or columns > len(found.rows)):
                break
            tiled = self._tile_by(region, columns, max(1, ceil(least / columns)), tallest, widest)
            if tiled is not None and (found is None or self._cost(tiled) < self._cost(found)):
                found = tiled
        return found

    def _cost(self, tiled: TiledRegion) -> float:
        """Return the extra work in multiply-accumulates; many small operators are worse than a few larger ones."""
        return tiled.extra_macs + self.byte_price * tiled.moved_bytes

    def _least(self, region: Region) -> tuple[int, int]:
        """Return the fewest columns, and the fewest tiles, that could suffice."""
        columns, tiles = 1, 1
        for member in region.operators:
            for tensor in member.outputs:
                if tensor in self.large:
                    found = self.graph.tensors[tensor]
                    columns = max(columns, ceil(width_channels(found) / self.limits.width_channels))
                    tiles = max(tiles, ceil(found.size_bytes / self.limits.size_bytes))
        return columns, tiles

    def _tile_by(self, region: Region, columns: int, least_rows: int, tallest: int, widest: int) -> TiledRegion | None:
        """Return `region` in this many columns, and as few rows as possible."""
        across: tuple[Stripe, ...] | None = (whole_stripe(region, COLUMNS),)
        if columns > 1:
            across = self._parted(region, COLUMNS, columns, widest, self._fits_across(region))
        if across is None:
            return None
        fits = self._fits_down(region, across)
        for rows in range(least_rows, min(tallest, self.limits.tiles // columns, 2 * least_rows + 6) + 1):
            down: tuple[Stripe, ...] | None = (whole_stripe(region, ROWS),)
            if rows > 1:
                down = self._parted(region, ROWS, rows, tallest, fits)
            elif not fits(down[0].places):
                continue
            if down is not None:
                return self._priced(region, down, across)
        return None

    def _parted(self, region: Region, axis: int, count: int, size: int, fits: Fits) -> tuple[Stripe, ...] | None:
        """Return `region` in `count` parts along `axis`: evenly, otherwise with slightly moved borders.

        The outer parts have a halo on one side only, so they can be larger.
        """
        seen: set[tuple[int, ...]] = set()
        for ends, shift in ((0, 0), (1, 0), (0, 1), (0, -1), (2, 0)):
            inner = [round(size * part / count) + shift for part in range(1, count)]
            if count > 2:
                inner[0] += ends
                inner[-1] -= ends
            bounds = (0, *inner, size)
            if bounds in seen or any(low >= high for low, high in pairwise(bounds)):
                continue
            seen.add(bounds)
            if self.effort.left <= 0:
                return None
            stripes = plan_stripes(region, axis, bounds, self.effort, fits)
            if stripes is not None:
                return stripes
        return None

    def _held(self, region: Region) -> list[int]:
        """Return the tensors of the tiles that a limit applies to: outputs, and slices of oversized tensors."""
        sources = [
            tensor
            for tensor in region.sources
            if not self._may_stay(tensor) and (tensor in self.counted or not self._is_real(tensor))
        ]
        return [
            *(tensor for member in region.operators for tensor in member.outputs if tensor in self.counted),
            *sources,
        ]

    def _is_real(self, tensor: int) -> bool:
        """Return whether the tensor is floating point in a network that computes with integers."""
        element = self.graph.tensors[tensor].element
        return element.is_float and not any(self.graph.tensors[one].element.is_float for one in self.counted)

    def _fits_down(self, region: Region, columns: Sequence[Stripe]) -> Fits:
        widths = {tensor: max(stripe.places(tensor) for stripe in columns) for tensor in self._held(region)}
        return lambda height: all(self._fits_one(tensor, height(tensor), width) for tensor, width in widths.items())

    def _fits_across(self, region: Region) -> Fits:
        held = self._held(region)
        return lambda width: all(self._fits_one(tensor, 1, width(tensor)) for tensor in held)

    def _fits_one(self, tensor: int, height: int, width: int) -> bool:
        found = self.graph.tensors[tensor]
        batch, _, _, channels = found.shape or (1, 1, 1, 1)
        bits = batch * height * width * channels * found.element.bits
        return self.limits.is_met((bits + 7) // 8, width * channels)

    def _priced(self, region: Region, rows: tuple[Stripe, ...], columns: tuple[Stripe, ...]) -> TiledRegion:
        extra = 0.0
        for member in region.operators:
            if member.macs:
                output = member.outputs[0]
                height, width = region.sizes[output]
                down, across = (
                    sum(stripe.spans[output].size for stripe in stripes if output in stripe.spans)
                    for stripes in (rows, columns)
                )
                extra += member.macs * (down * across / (height * width) - 1)
        return TiledRegion(region, rows, columns, round(extra), _moved(region, rows, columns))


def _moved(region: Region, rows: Sequence[Stripe], columns: Sequence[Stripe]) -> int:
    """Return the bytes that slices and concatenations read and write."""
    total = 0
    for tensor in region.sources:
        down, across = (sum(stripe.spans[tensor].size for stripe in stripes) for stripes in (rows, columns))
        total += 2 * down * across * region.weights[tensor]
    for tensor in region.results:
        spoiled = any(
            (stripe.spans[tensor].start, stripe.spans[tensor].stop) != stripe.kept[tensor]
            for stripe in (*rows, *columns)
        )
        total += 2 * prod(region.sizes[tensor]) * region.weights[tensor] * (2 if spoiled else 1)
    for axis, stripes in ((ROWS, rows), (COLUMNS, columns)):
        for stripe in stripes:
            for place, (start, stop) in stripe.cuts.items():
                tensor = region.operands[place].tensor
                total += 2 * (stop - start) * region.sizes[tensor][1 - axis] * region.weights[tensor]
    return total


def _connected(operators: Sequence[TileableOperator], large: Set[int]) -> list[TileableOperator]:
    """Return the operators connected by shared tensors with one that writes an oversized tensor."""
    group: dict[int, int] = {}

    def find(tensor: int) -> int:
        while group.setdefault(tensor, tensor) != tensor:
            group[tensor] = group[group[tensor]]
            tensor = group[tensor]
        return tensor

    made = {tensor for member in operators for tensor in member.outputs}
    for member in operators:
        head = find(member.outputs[0])
        for tensor in (
            *member.outputs[1:],
            *(operand.tensor for operand in member.operands if operand.tensor in made),
        ):
            group[find(tensor)] = head
            head = find(head)
    wanted = {find(tensor) for tensor in made if tensor in large}
    return [member for member in operators if find(member.outputs[0]) in wanted]
