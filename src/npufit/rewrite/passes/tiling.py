"""tile-spatial: compute large maps in parts, so that no tensor exceeds a limit."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

from npufit.errors import InputError
from npufit.formatting import percent, plural, quantity, shorten
from npufit.formatting import size as in_bytes
from npufit.graph import Model, Subgraph
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site, option
from npufit.rewrite.surgery import Editor
from npufit.rewrite.tiling import (
    BYTE_PRICES,
    SizeLimits,
    Tiling,
    largest_tensors,
    plan_tiling,
    smallest_tiling,
    write_tiling,
)


@dataclass(frozen=True)
class TileSpatial(Pass):
    """Regions of spatial operators become tiles, preferably stripes of rows, with exactly the overlap that they need.

    Each tile slices its input (STRIDED_SLICE) and runs its own copies of the operators with the same weights; one
    CONCATENATION assembles each result of the region. Operators keep their options:

    1. Pointwise operators, activations, QUANTIZE, CONCATENATION and SPLIT of channels, slices of channels, SOFTMAX of
       channels: a tile is computed like the whole. Broadcast operands stay whole; constants with a value per position
       are cut.
    2. Windows with padding VALID (convolutions, pooling): a tile reads everything that its windows need.
    3. Windows with padding SAME: at the border of the map a tile is padded like the whole. At its other borders SAME
       spoils a few positions; tiles are that much larger, and the spoilt positions are never used and finally sliced
       off. For the same reason AVERAGE_POOL_2D divides by the same number of positions as in the whole.
    4. PAD pads the tiles that touch the border of the map, and is removed from the others.
    5. RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR if the factor is a power of two upwards or a whole number downwards;
       with other factors the arithmetic of a tile would round differently. DEPTH_TO_SPACE and SPACE_TO_DEPTH likewise.
    6. Branches that meet again (ADD, CONCATENATION) are sliced to the same positions, at the cheapest place.

    Operators that read the whole map end a region: MEAN, FULLY_CONNECTED, RESHAPE, TRANSPOSE, TRANSPOSE_CONV, and
    everything of a rank other than four.

    The limits apply to what operators write; inputs of the model may be larger, and so may floating-point tensors at
    the ends of a quantized model. No target states a limit, so without an option there is nothing to do. With `tiles`
    alone, the largest tensor becomes as small as that many tiles can make it. Tilings that meet a limit trade work
    that is done twice for bytes that are moved; the pass takes the one that is predicted to be the fastest on the
    target.
    """

    name: ClassVar[str] = "tile-spatial"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "compute large maps in tiles, so that no tensor exceeds a limit"
    is_only_on_request: ClassVar[bool] = True

    tiles: int | None = option(None, "most tiles per region; alone: make the largest tensor as small as they can")
    limit: int | None = option(None, "most bytes of a tensor")
    limit_width_channels: int | None = option(None, "most width x channels of a tensor")
    like: str = option("", "no tensor larger than the largest at this input size (224 or 192x256), known to work")

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` in tiles, None if nothing is too large."""
        tiling = self.plan(model)
        if tiling is None or not (tiling.regions or tiling.unmet):
            return None
        if not tiling.regions:
            raise InputError(f"{model.name}: tile-spatial cannot help. {_unmet(model.main, tiling)}")
        written = _written(model, tiling)
        if context.target is not None and self._has_limit:
            tiling, written = self._fastest(model, context, tiling, written)
        return Rewritten(written, _sites(model.main, tiling), _notes(model.main, tiling))

    def _fastest(self, model: Model, context: Context, first: Tiling, written: Model) -> tuple[Tiling, Model]:
        """Return the plan that the target takes the least time for: `first`, or one with another price of bytes."""
        least = context.milliseconds(written)
        if least is None:
            return first, written
        fastest, seen = (first, written), {_parts(first)}
        for price in BYTE_PRICES[1:]:
            tiling = self.plan(model, price)
            if tiling is None or len(tiling.unmet) > len(first.unmet) or _parts(tiling) in seen:
                continue
            seen.add(_parts(tiling))
            other = _written(model, tiling)
            time = context.milliseconds(other)
            if time is not None and time < least:
                least, fastest = time, (tiling, other)
        return fastest

    @property
    def _has_limit(self) -> bool:
        return self.limit is not None or self.limit_width_channels is not None or bool(self.like)

    def plan(self, model: Model, byte_price: float = BYTE_PRICES[0]) -> Tiling | None:
        """Return which operators become which tiles and what that costs, None without any option.

        `byte_price` is how many multiply-accumulates a byte counts that is moved between tiles.
        """
        if self.tiles is not None and self.tiles < 2:
            raise InputError(f"tile-spatial: tiles={self.tiles} does not divide anything. Give 2 or more.")
        if (self.limit is not None and self.limit < 1) or (
            self.limit_width_channels is not None and self.limit_width_channels < 1
        ):
            raise InputError("tile-spatial: a limit must be positive.")
        limit: float = inf if self.limit is None else self.limit
        if self.like:
            limit = min(limit, _largest_like(model, self.like))
        width_channels: float = inf if self.limit_width_channels is None else self.limit_width_channels
        if not self._has_limit:
            return None if self.tiles is None else smallest_tiling(model.main, self.tiles)
        limits = (
            SizeLimits(limit, width_channels) if self.tiles is None else SizeLimits(limit, width_channels, self.tiles)
        )
        return plan_tiling(model.main, limits, byte_price)


def _written(model: Model, tiling: Tiling) -> Model:
    editor = Editor(model)
    for tiled in tiling.regions:
        write_tiling(editor, tiled)
    return editor.finish()


def _parts(tiling: Tiling) -> tuple[object, ...]:
    """Return what sets one plan apart from another: the operators of each region, and its grid of tiles."""
    return tuple((tiled.indices, len(tiled.rows), len(tiled.columns)) for tiled in tiling.regions)


def _largest_like(model: Model, size: str) -> int:
    """Return the bytes of the largest tensor of `model` at another input size."""
    from npufit.rewrite.resolution import parse_size, resize_image

    return largest_tensors(resize_image(model, parse_size(size)).model.main)[0]


def _sites(graph: Subgraph, tiling: Tiling) -> tuple[Site, ...]:
    return tuple(
        Site(0, tiled.indices, f"{plural(len(tiled.indices), 'operator')} in {_grid(tiled.rows, tiled.columns)}")
        for tiled in tiling.regions
    )


def _grid(rows: tuple[object, ...], columns: tuple[object, ...]) -> str:
    if len(columns) == 1:
        return f"{len(rows)} stripes of rows"
    return f"{len(columns)} stripes of columns" if len(rows) == 1 else f"{len(rows)}x{len(columns)} tiles"


def _notes(graph: Subgraph, tiling: Tiling) -> tuple[str, ...]:
    extra = tiling.extra_macs
    share = percent(extra / tiling.macs) if tiling.macs else "0 %"
    notes = [f"{quantity(extra)}more MACs, {share} of {quantity(tiling.macs)}MACs: tiles overlap"]
    if tiling.unmet:
        notes.append(_unmet(graph, tiling))
    return tuple(notes)


def _unmet(graph: Subgraph, tiling: Tiling) -> str:
    """Return in words which tensors stay above the limit."""
    writers = {tensor: index for index, operator in enumerate(graph.operators) for tensor in operator.outputs}
    names = [
        f"operator {writers[tensor]} ({graph.operators[writers[tensor]].name}) writes "
        f"{in_bytes(graph.tensors[tensor].size_bytes)} to '{shorten(graph.tensors[tensor].name, 60)}'"
        for tensor in tiling.unmet[:5]
    ]
    more = f", and {len(tiling.unmet) - 5} more" if len(tiling.unmet) > 5 else ""
    return f"Still above the limit: {'; '.join(names)}{more}."
