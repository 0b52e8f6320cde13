"""How the positions of an operator's output depend on those of its input, along one axis.

A part of a map is an `AxisSpan`: the positions from `start` to `stop`, of which only those from `first` to `last` are
correct. The others are spoilt by a border that does not exist in the whole map, and nothing that is kept may read them.
The operators themselves stay unchanged: SAME treats the border of a part like that of the whole, which is correct if
both are the same border, and spoils a few positions if they are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from npufit.graph import same_padding


class AxisSpan(NamedTuple):
    """The positions of a part along one axis, and which of them are correct."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """Number of positions."""
        return self.stop - self.start

    def cut(self, start: int, stop: int) -> AxisSpan:
        """Return the part of this one from `start` to `stop`."""
        return AxisSpan(start, stop, max(start, self.first), min(stop, self.last))


class AxisMap(Protocol):
    """One axis of one operand."""

    @property
    def size(self) -> int:
        """Positions of the whole operand."""
        ...

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """Return the operand's positions that make the output correct from `first` to `last`."""
        ...

    def produced(self, span: AxisSpan) -> AxisSpan | None:
        """Return the operator's result on `span`, None if its positions do not coincide with those of the whole."""
        ...


def _within(low: int, high: int, size: int) -> tuple[int, int]:
    """Return the range cut to the axis; at least one position, because no tensor is empty."""
    low = min(max(0, low), size - 1)
    return low, max(low + 1, min(high, size))


@dataclass(frozen=True, slots=True)
class Same:
    """Every position depends on the same position."""

    size: int

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """Return the same positions."""
        return first, last

    def produced(self, span: AxisSpan) -> AxisSpan | None:
        """Return the same span."""
        return span


@dataclass(frozen=True, slots=True)
class Whole:
    """Every position depends on all: an operand that is broadcast along this axis."""

    size: int

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """Return all positions."""
        return 0, self.size

    def produced(self, span: AxisSpan) -> AxisSpan | None:
        """Return the same span; it says nothing about the output."""
        return span


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window that covers `extent` positions, with padding SAME, which puts `before` first, or none."""

    size: int
    outputs: int
    kernel: int
    stride: int
    dilation: int
    same: bool
    extent: int
    before: int

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """Return the positions under the windows; with SAME and a stride, enough that the windows keep their step."""
        low = first * self.stride - self.before
        high = (last - 1) * self.stride - self.before + self.extent
        if self.same and self.stride > 1:
            # SAME pads a part like the whole if both sizes leave the same remainder.
            low -= low % self.stride
            high += (self.size - high) % self.stride
        return _within(low, high, self.size)

    def produced(self, span: AxisSpan) -> AxisSpan | None:
        """Return the windows over `span`; those that see only correct positions or the real border are correct."""
        size, extent, stride, before = span.stop - span.start, self.extent, self.stride, self.before
        padding = same_padding(size, self.kernel, stride, self.dilation)[0] if self.same else 0
        shift = span.start - padding + before
        count = -(-size // stride) if self.same else (size - extent) // stride + 1
        if shift % stride or shift < 0 or count < 1 or shift // stride + count > self.outputs:
            return None
        start = shift // stride
        stop = start + count
        first = start if span.first == 0 else max(start, -(-(span.first + before) // stride))
        last = stop if span.last == self.size else min(stop, (span.last + before - extent) // stride + 1)
        return AxisSpan(start, stop, first, last) if first < last else None


def window(size: int, outputs: int, kernel: int, stride: int, dilation: int, *, same: bool) -> Window:
    """Return the map of a window over an axis of `size` positions."""
    before = same_padding(size, kernel, stride, dilation)[0] if same else 0
    return Window(size, outputs, kernel, stride, dilation, same, (kernel - 1) * dilation + 1, before)


@dataclass(frozen=True, slots=True)
class WholeBlocks:
    """Blocks of `stride` positions become one each; a part has only whole blocks."""

    size: int
    stride: int

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """Return the positions of the blocks."""
        return first * self.stride, last * self.stride

    def produced(self, span: AxisSpan) -> AxisSpan | None:
        """Return the blocks of `span`, None if it does not start and end at block borders."""
        if span.start % self.stride or span.stop % self.stride:
            return None
        first, last = -(-span.first // self.stride), span.last // self.stride
        return AxisSpan(span.start // self.stride, span.stop // self.stride, first, last) if first < last else None


@dataclass(frozen=True, slots=True)
class Padded:
    """Padding of a fixed amount, which a part has only at the border of the whole."""

    size: int
    before: int
    after: int

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """Return the positions that are not padding."""
        return _within(first - self.before, last - self.before, self.size)

    def amounts(self, span: AxisSpan) -> tuple[int, int]:
        """Return the padding before and after a part."""
        return self.before if span.start == 0 else 0, self.after if span.stop == self.size else 0

    def produced(self, span: AxisSpan) -> AxisSpan | None:
        """Return the padded span."""
        whole = self.size + self.before + self.after
        return AxisSpan(
            span.start + self.before if span.start else 0,
            span.stop + self.before if span.stop < self.size else whole,
            span.first + self.before if span.first else 0,
            span.last + self.before if span.last < self.size else whole,
        )


@dataclass(frozen=True, slots=True)
class Scaled:
    """A resize by a factor: `up` output positions for `down` input positions, one of the two is 1.

    `aligned` aligns the first and last positions of both (align_corners), `half` the edges of the positions
    (half_pixel_centers). `taps` is 2 for interpolation and 1 for the nearest position; `rounded` is nearest with
    align_corners, which rounds instead of truncating.
    """

    size: int
    outputs: int
    up: int
    down: int
    aligned: bool
    half: bool
    taps: int

    def _reads(self, place: int) -> tuple[int, int]:
        # In halves of an output place, so that all is whole numbers: position = numerator / (2 * up).
        numerator = 2 * place * self.down
        if self.half:
            numerator += self.down - (self.up if self.taps == 2 else 0)
        elif self.aligned and self.taps == 1:
            numerator += self.up
        low = numerator // (2 * self.up)
        return low, low + 1 + (1 if numerator % (2 * self.up) and self.taps == 2 else 0)

    def needed(self, first: int, last: int) -> tuple[int, int]:
        """Return the positions that are read; enough that the factor also holds for the part."""
        edge = 1 if self.aligned else 0
        # A part of whole places becomes this many, wherever they are read.
        low, high = first // self.up * self.down, -(-(last - edge) // self.up) * self.down + edge
        low, high = _within(min(low, self._reads(first)[0]), max(high, self._reads(last - 1)[1]), self.size)
        if self.down > 1:
            low -= low % self.down
            high += (self.size - high) % self.down
        if self.aligned and high - low < 2:  # one place alone has no distance to be laid out by
            low, high = (low, high + self.down) if high < self.size else (low - self.down, high)
        return low, high

    def produced(self, span: AxisSpan) -> AxisSpan | None:
        """Return the positions that `span` becomes, None if the part would have a different factor than the whole."""
        size, edge = span.stop - span.start, 1 if self.aligned else 0
        if span.start % self.down or (size - edge) % self.down or size <= edge:
            return None
        start = span.start // self.down * self.up
        count = (size - edge) // self.down * self.up + edge
        stop = start + count
        first, last = start, stop
        if span.first > 0:
            while first < stop and self._reads(first)[0] < span.first:
                first += 1
        if span.last < self.size:
            while last > first and self._reads(last - 1)[1] > span.last:
                last -= 1
        return AxisSpan(start, stop, first, last) if first < last and stop <= self.outputs else None


def scaled(size: int, outputs: int, *, aligned: bool, half: bool, taps: int) -> Scaled | None:
    """Return the map of a resize, None if the arithmetic of a part would differ from that of the whole.

    LiteRT's kernels compute positions with 10 fractional bits or in float32. Both are exact, and so the same for a
    part, if the factor is a power of two up to 1024 upwards, or a whole number downwards.
    """
    inside, outside = (size - 1, outputs - 1) if aligned else (size, outputs)
    if inside < 1 or outside < 1 or (aligned and half):
        return None
    if outside % inside == 0:
        up, down = outside // inside, 1
    elif inside % outside == 0:
        up, down = 1, inside // outside
    else:
        return None
    if up & (up - 1) or up > 1024 or down > 1024:
        return None
    return Scaled(size, outputs, up, down, aligned, half, taps)
