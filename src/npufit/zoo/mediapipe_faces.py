"""MediaPipe's networks for faces: BlazeFace (arXiv:1907.05047, short range), Face Mesh (1907.06724), Iris (2006.11341).

All are chains of a residual block: a depthwise convolution and a pointwise one beside the input, whose map is pooled if
the block has a stride and whose channels are padded with zeros if the block has more. BlazeFace rectifies each sum, the
others use PRELU; Iris halves the channels before the depthwise convolution.
"""

from __future__ import annotations

from npufit.graph import Activation, Padding
from npufit.zoo.builder import Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.shaping import ShapingBuilder
from npufit.zoo.spec import ZooSpec
from npufit.zoo.weights import Target

FACE_SHAPE = (128, 128, 3)
MESH_SHAPE = (192, 192, 3)
EYE_SHAPE = (64, 64, 3)

_FINE = ((24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1), (88, 1))
_COARSE = ((96, 2), (96, 1), (96, 1), (96, 1), (96, 1))
"""Depth and stride of the blocks of BlazeFace, up to each of its two maps."""

_MESH = (
    *((16, 1), (16, 1), (32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1)),
    *((128, 2), (128, 1), (128, 1), (128, 2), (128, 1), (128, 1)),
)
_MESH_VALUES = 468 * 3

_EYE = (*((64, 1),) * 4, (128, 2), *((128, 1),) * 4, (128, 2))
_EYE_END = ((128, 1), (128, 1), (128, 2), (128, 1), (128, 1), (128, 2), (128, 1), (128, 1))
_EYE_VALUES = (("contour", 71 * 3), ("iris", 5 * 3))

_SMALL = Target(0.0, 0.5)
"""Small enough that sums over many blocks stay in range."""


def draw_blazeface(spec: ZooSpec) -> Draft:
    """Return the detector: scores and boxes of 896 anchors."""
    builder = ShapingBuilder(Dialect.STATIC, "blazeface")
    signal = builder.vector(FACE_SHAPE, "input")
    signal = builder.convolution(signal, 24, "conv2d", kernel=5, stride=2, activation=Activation.RELU)
    fine = _rectified_blocks(builder, signal, _FINE, "fine")
    coarse = _rectified_blocks(builder, fine, _COARSE, "coarse")
    for name, depth, values in (("classifiers", (2, 6), 1), ("regressors", (32, 96), 16)):
        maps = zip((fine, coarse), depth, ("8", "16"), strict=True)
        parts = [_head(builder, features, count, f"{name[:-1]}_{level}", values) for features, count, level in maps]
        builder.outputs(builder.concatenation(parts, name, axis=1))
    return builder.draft


def _head(builder: ShapingBuilder, features: Signal, depth: int, name: str, values: int) -> Signal:
    signal = builder.convolution(features, depth, name)
    rows = signal.shape[1] * signal.shape[2] * depth // values
    return builder.reshape(signal, (1, rows, values), name)


def _rectified_blocks(
    builder: ShapingBuilder, signal: Signal, blocks: tuple[tuple[int, int], ...], scope: str
) -> Signal:
    for number, (depth, stride) in enumerate(blocks):
        name = f"{scope}_{number}"
        beside, inner = _both_ways(builder, signal, depth, stride, name)
        signal = builder.add(beside, inner, f"{name}/add", activation=Activation.RELU)
    return signal


def draw_face_mesh(spec: ZooSpec) -> Draft:
    """Return the network from a face to 468 points in space, and whether there is a face."""
    builder = ShapingBuilder(Dialect.STATIC, "face_mesh")
    signal = builder.vector(MESH_SHAPE, "input")
    signal = builder.prelu(builder.convolution(signal, 16, "conv2d", kernel=3, stride=2), "conv2d")
    signal = _mesh_blocks(builder, signal, _MESH, "block")
    points = _mesh_blocks(builder, signal, ((128, 2), (128, 1), (128, 1)), "points")
    face = _mesh_blocks(builder, signal, ((128, 2),), "face")
    builder.outputs(*(_last(builder, *end) for end in ((points, _MESH_VALUES, "points"), (face, 1, "face"))))
    return builder.draft


def _last(builder: ShapingBuilder, signal: Signal, depth: int, scope: str) -> Signal:
    name = f"{scope}_narrow"
    signal = builder.prelu(builder.convolution(signal, 32, name, target=_SMALL), name)
    signal = _mesh_blocks(builder, signal, ((32, 1),), f"{scope}_last")
    return builder.convolution(signal, depth, f"{scope}_out", kernel=signal.shape[1], border=Padding.VALID)


def _mesh_blocks(builder: ShapingBuilder, signal: Signal, blocks: tuple[tuple[int, int], ...], scope: str) -> Signal:
    for number, (depth, stride) in enumerate(blocks):
        name = f"{scope}_{number}"
        beside, inner = _both_ways(builder, signal, depth, stride, name)
        signal = builder.prelu(builder.add(beside, inner, f"{name}/add"), name)
    return signal


def _both_ways(builder: ShapingBuilder, signal: Signal, depth: int, stride: int, name: str) -> tuple[Signal, Signal]:
    """Return the input in the block's shape, and the result of its two convolutions."""
    inner = builder.depthwise(signal, f"{name}/depthwise", stride=stride)
    inner = builder.convolution(inner, depth, f"{name}/pointwise", target=_SMALL)
    return _beside(builder, signal, depth, stride, name), inner


def _beside(builder: ShapingBuilder, signal: Signal, depth: int, stride: int, name: str) -> Signal:
    pooled = builder.max_pool(signal, name, kernel=stride, stride=stride) if stride > 1 else signal
    return builder.pad_channels(pooled, depth, name) if depth > signal.depth else pooled


def draw_iris_landmark(spec: ZooSpec) -> Draft:
    """Return the network from an eye to the contour around it and the iris."""
    builder = ShapingBuilder(Dialect.STATIC, "iris_landmark")
    signal = builder.vector(EYE_SHAPE, "input")
    signal = builder.prelu(builder.convolution(signal, 64, "conv2d", kernel=3, stride=2), "conv2d")
    signal = _eye_blocks(builder, signal, _EYE, "block")
    for name, values in _EYE_VALUES:
        end = _eye_blocks(builder, signal, _EYE_END, name)
        builder.outputs(builder.convolution(end, values, f"{name}_out", kernel=end.shape[1], border=Padding.VALID))
    return builder.draft


def _eye_blocks(builder: ShapingBuilder, signal: Signal, blocks: tuple[tuple[int, int], ...], scope: str) -> Signal:
    for number, (depth, stride) in enumerate(blocks):
        name = f"{scope}_{number}"
        inner = builder.convolution(signal, depth // 2, f"{name}/narrow", kernel=stride, stride=stride)
        inner = builder.depthwise(builder.prelu(inner, f"{name}/narrow"), f"{name}/depthwise")
        inner = builder.convolution(inner, depth, f"{name}/pointwise", target=_SMALL)
        signal = builder.add(_beside(builder, signal, depth, stride, name), inner, f"{name}/add")
        signal = builder.prelu(signal, name)
    return signal
