"""YOLOv8 (Ultralytics): detection, and detection with masks or with the joints of a body.

The operators are those of Ultralytics' TFLite export: SiLU as LOGISTIC and MUL, PAD before stride 2, the halves of a
C2f block by STRIDED_SLICE, boxes decoded in the network from distributions over 16 distances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from npufit.graph import Padding
from npufit.zoo.builder import Border, ExplicitPadding, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.moments import constant_moments
from npufit.zoo.shaping import ShapingBuilder
from npufit.zoo.spec import ZooSpec
from npufit.zoo.weights import Target

if TYPE_CHECKING:
    from npufit.zoo.moments import Floats

SIZE_STEP = 32
"""The coarsest stride: sizes are multiples of it, so that joined maps have equal sizes."""

CLASSES = 80
_DISTANCES = 16
_MASKS = 32
_JOINTS = 17

_LOGITS = Target(-2.5, 1.2)
"""Most positions see background: scores are low."""

_DISTANCE_LOGITS = Target(0.0, 1.5)

_DISTANCE_VARIANCE = 3.5
"""Variance of an expected distance for these logits: they prefer none, so it stays near the middle."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """The scaling of a variant: of the repeats, of the depths, and the greatest depth before scaling."""

    repeats: float
    depth: float
    greatest: int

    def deep(self, depth: int) -> int:
        """Return a depth of the unscaled network, scaled and rounded up to a multiple of 8."""
        return -(-int(min(depth, self.greatest) * self.depth) // 8) * 8

    def often(self, count: int) -> int:
        """Return a number of repeats of the unscaled network, scaled."""
        return max(round(count * self.repeats), 1)


_SCALES = {
    "n": _Scale(0.33, 0.25, 1024),
    "s": _Scale(0.33, 0.5, 1024),
    "m": _Scale(0.67, 0.75, 768),
    "l": _Scale(1.0, 1.0, 512),
    "x": _Scale(1.0, 1.25, 512),
}

_Head = Callable[["_Drawing", Sequence[Signal]], None]


def draw_yolov8(variant: str, task: str = "detect") -> Callable[[ZooSpec], Draft]:
    """Return the function that draws a variant (n, s, m, l or x) for a task (detect, segment or pose)."""
    return partial(_draw, _SCALES[variant], _HEADS[task])


def _draw(scale: _Scale, head: _Head, spec: ZooSpec) -> Draft:
    drawing = _Drawing(ShapingBuilder(Dialect.STATIC, "model"), scale)
    maps = drawing.features(drawing.builder.image(spec.image_size, "inputs_0"))
    head(drawing, maps)
    return drawing.builder.draft


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The blocks of the network, scaled."""

    builder: ShapingBuilder
    scale: _Scale

    def features(self, image: Signal) -> list[Signal]:
        """Append backbone and neck, and return the maps that the head reads, the finest first."""
        deep, often = self.scale.deep, self.scale.often
        signal = self.conv(image, deep(64), "0", kernel=3, stride=2)
        signal = self.conv(signal, deep(128), "1", kernel=3, stride=2)
        signal = self.c2f(signal, deep(128), "2", often(3), adds=True)
        signal = self.conv(signal, deep(256), "3", kernel=3, stride=2)
        fine = self.c2f(signal, deep(256), "4", often(6), adds=True)
        signal = self.conv(fine, deep(512), "5", kernel=3, stride=2)
        middle = self.c2f(signal, deep(512), "6", often(6), adds=True)
        signal = self.conv(middle, deep(1024), "7", kernel=3, stride=2)
        signal = self.c2f(signal, deep(1024), "8", often(3), adds=True)
        coarse = self.pool(signal, deep(1024), "9")
        # The scale of the coarsest map is that of its second use, so its first one needs another.
        signal = self.enlarge(self.builder.requantize(coarse, "10/quantize"), middle, "10")
        down = self.c2f(signal, deep(512), "12", often(3))
        outputs = [self.c2f(self.enlarge(down, fine, "13"), deep(256), "15", often(3))]
        for name, depth, shortcut in (("16", 256, down), ("19", 512, coarse)):
            signal = self.conv(outputs[-1], deep(depth), name, kernel=3, stride=2)
            signal = self.builder.concatenation((signal, shortcut), f"{name}/concat")
            outputs.append(self.c2f(signal, deep(2 * depth), f"{name}/c2f", often(3)))
        return outputs

    def conv(self, ifm: Signal, depth: int, name: str, *, kernel: int = 1, stride: int = 1) -> Signal:
        """Append a convolution with SiLU."""
        border: Border = ExplicitPadding(f"{name}/pad", (1, 1), (1, 1)) if stride > 1 else Padding.SAME
        return self.builder.silu_convolution(ifm, depth, name, kernel=kernel, stride=stride, border=border)

    def c2f(self, ifm: Signal, depth: int, name: str, count: int, *, adds: bool = False) -> Signal:
        """Append a block that splits its channels, refines one half `count` times and joins all stages."""
        both, half = self.conv(ifm, depth, f"{name}/cv1"), depth // 2
        parts = [
            self.builder.part(both, 3, 0, half, f"{name}/first"),
            self.builder.part(both, 3, half, depth, f"{name}/second"),
        ]
        for index in range(count):
            inner = f"{name}/m.{index}"
            signal = self.conv(parts[-1], half, f"{inner}/cv1", kernel=3)
            signal = self.conv(signal, half, f"{inner}/cv2", kernel=3)
            parts.append(self.builder.add(parts[-1], signal, f"{inner}/add") if adds else signal)
        return self.conv(self.builder.concatenation(parts, f"{name}/concat"), depth, f"{name}/cv2")

    def pool(self, ifm: Signal, depth: int, name: str) -> Signal:
        """Append three maximum pools of 5x5, one after the other, and join all stages."""
        parts = [self.conv(ifm, ifm.depth // 2, f"{name}/cv1")]
        for index in range(3):
            parts.append(self.builder.max_pool(parts[-1], f"{name}/m.{index}", kernel=5, stride=1))
        return self.conv(self.builder.concatenation(parts, f"{name}/concat"), depth, f"{name}/cv2")

    def enlarge(self, ifm: Signal, finer: Signal, name: str) -> Signal:
        """Append a resize to the size of a finer map and join the two."""
        size = finer.shape[1], finer.shape[2]
        return self.builder.concatenation((self.builder.resize_nearest(ifm, size, f"{name}/resize"), finer), name)

    def branch(self, ifm: Signal, depth: int, outputs: int, name: str, target: Target) -> Signal:
        """Append two 3x3 convolutions and a 1x1 one to `outputs` channels."""
        signal = self.conv(ifm, depth, f"{name}/0", kernel=3)
        signal = self.conv(signal, depth, f"{name}/1", kernel=3)
        return self.builder.convolution(signal, outputs, f"{name}/2", target=target)

    def rows(self, ifm: Signal, name: str) -> Signal:
        """Append a conversion from a map to a matrix: a row for each channel, a column for each position."""
        _, height, width, depth = ifm.shape
        channels_first = self.builder.transpose(ifm, (0, 3, 1, 2), f"{name}/transpose")
        return self.builder.reshape(channels_first, (1, depth, height * width), name)

    def join_rows(self, maps: Sequence[Signal], name: str) -> Signal:
        """Append the matrices of all maps and their concatenation along the positions."""
        rows = [self.rows(signal, f"{name}/{index}") for index, signal in enumerate(maps)]
        return self.builder.concatenation(rows, f"{name}/concat", axis=2)

    def detect(self, maps: Sequence[Signal], classes: int = CLASSES) -> list[Signal]:
        """Append the predictors of every map and the decoding; return centres, extents and scores of the boxes."""
        box_depth = max(16, maps[0].depth // 4, 4 * _DISTANCES)
        class_depth = max(maps[0].depth, min(classes, 100))
        joined: list[Signal] = []
        for index, ifm in enumerate(maps):
            box = self.branch(ifm, box_depth, 4 * _DISTANCES, f"22/cv2.{index}", _DISTANCE_LOGITS)
            score = self.branch(ifm, class_depth, classes, f"22/cv3.{index}", _LOGITS)
            joined.append(self.builder.concatenation((box, score), f"22/concat.{index}"))
        rows = self.join_rows(joined, "22")
        boxes = self.boxes(self.builder.part(rows, 1, 0, 4 * _DISTANCES, "22/boxes"), _grid(maps))
        scores = self.builder.part(rows, 1, 4 * _DISTANCES, 4 * _DISTANCES + classes, "22/scores")
        return [*boxes, self.share(scores, "22/scores")]

    def boxes(self, ifm: Signal, grid: _Grid) -> tuple[Signal, Signal]:
        """Append the decoding: expected distances to the four sides, then centre and extent."""
        import numpy as np

        builder, places = self.builder, grid.places
        signal = builder.reshape(ifm, (1, 4, _DISTANCES, places), "22/dfl/reshape")
        signal = builder.softmax(builder.transpose(signal, (0, 1, 3, 2), "22/dfl/transpose"), "22/dfl/softmax")
        steps = np.arange(_DISTANCES, dtype=np.float32).reshape(1, 1, 1, _DISTANCES)
        moments = constant_moments((_DISTANCES - 1) / 2, _DISTANCE_VARIANCE, 1)
        signal = builder.fixed_convolution(signal, steps, moments, "22/dfl/conv")
        signal = builder.reshape(signal, (1, 1, 4, places), "22/dfl/reshape_1")
        signal = builder.multiply_by(signal, grid.steps, "22/mul")
        signal = builder.reshape(signal, (1, 4, places), "22/reshape")
        centres = builder.parameter(grid.centres, "22/centres")
        start = builder.subtract(centres, builder.part(signal, 1, 0, 2, "22/left_top"), "22/start")
        end = builder.add_constant(builder.part(signal, 1, 2, 4, "22/right_bottom"), grid.centres, "22/end")
        total = builder.add_ranges(start, end, "22/total")
        middle = builder.multiply_by(total, np.array(0.5, np.float32), "22/middle")
        return middle, builder.subtract(end, start, "22/extent")

    def share(self, ifm: Signal, name: str) -> Signal:
        """Append LOGISTIC and, as its scale is fixed, QUANTIZE to the scale of what it will be joined with."""
        return self.builder.requantize(self.builder.logistic(ifm, f"{name}/Sigmoid"), f"{name}/quantize")

    def finish(self, parts: Sequence[Signal]) -> None:
        """Append the concatenation of all rows, the output of the network."""
        self.builder.outputs(self.builder.concatenation(parts, "Identity", axis=1))


def _detect(drawing: _Drawing, maps: Sequence[Signal]) -> None:
    drawing.finish(drawing.detect(maps))


def _segment(drawing: _Drawing, maps: Sequence[Signal]) -> None:
    """Append, beside detection, coefficients for every position, and the masks that they weight."""
    builder, depth = drawing.builder, max(maps[0].depth // 4, _MASKS)
    prototypes = drawing.conv(maps[0], drawing.scale.deep(256), "22/proto/cv1", kernel=3)
    prototypes = builder.transposed_convolution(prototypes, prototypes.depth, "22/proto/upsample")
    prototypes = drawing.conv(prototypes, prototypes.depth, "22/proto/cv2", kernel=3)
    prototypes = drawing.conv(prototypes, _MASKS, "22/proto/cv3")
    target = Target(0.0, 0.3)
    masks = [drawing.branch(ifm, depth, _MASKS, f"22/cv4.{index}", target) for index, ifm in enumerate(maps)]
    drawing.finish([*drawing.detect(maps), drawing.join_rows(masks, "22/masks")])
    builder.outputs(prototypes)


def _pose(drawing: _Drawing, maps: Sequence[Signal]) -> None:
    """Append, beside detection, position and visibility of 17 joints; persons are the only class."""
    import numpy as np

    builder, outputs = drawing.builder, 3 * _JOINTS
    depth, grid = max(maps[0].depth // 4, outputs), _grid(maps)
    target = Target(0.0, 1.0)
    joints = [drawing.branch(ifm, depth, outputs, f"22/cv4.{index}", target) for index, ifm in enumerate(maps)]
    rows = drawing.join_rows(joints, "22/joints")
    signal = builder.reshape(rows, (1, _JOINTS, 3, grid.places), "22/joints/reshape")
    offsets = builder.multiply_by(builder.part(signal, 2, 0, 2, "22/joints/xy"), np.array(2, np.float32), "22/double")
    steps = grid.steps[:, :2]
    offsets = builder.add_constant(offsets, grid.centres / steps - np.float32(0.5), "22/joints/add")
    places = builder.multiply_by(offsets, steps, "22/joints/mul")
    visible = drawing.share(builder.part(signal, 2, 2, 3, "22/joints/visible"), "22/joints/visible")
    signal = builder.concatenation((places, visible), "22/joints/join", axis=2)
    signal = builder.reshape(signal, (1, outputs, grid.places), "22/joints/reshape_1")
    drawing.finish([*drawing.detect(maps, classes=1), signal])


_HEADS: dict[str, _Head] = {"detect": _detect, "segment": _segment, "pose": _pose}


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """The positions of all maps, as shares of the image.

    `centres` has two rows, x and y; `steps` four, the length of a distance of 1 to each side.
    """

    places: int
    centres: Floats
    steps: Floats


def _grid(maps: Sequence[Signal]) -> _Grid:
    import numpy as np

    centres: list[Floats] = []
    steps: list[Floats] = []
    for _, height, width, _ in (signal.shape for signal in maps):
        y, x = np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij")
        centres.append(np.stack((x.ravel() / width, y.ravel() / height)))
        steps.append(np.repeat([[1 / width], [1 / height]] * 2, height * width, axis=1))
    joined = np.concatenate(centres, axis=1, dtype=np.float32)
    return _Grid(joined.shape[1], joined[np.newaxis], np.concatenate(steps, axis=1, dtype=np.float32)[np.newaxis])
