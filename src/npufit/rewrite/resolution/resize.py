"""A model for another input size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.graph import Kind, Metadata, Model, Subgraph, operator_type, require_operands, validate
from npufit.rewrite.resolution.computed_shapes import known_values
from npufit.rewrite.resolution.dimensions import dimension
from npufit.rewrite.resolution.rules import rule_of
from npufit.rewrite.resolution.walk import ResizeWalk

Size = tuple[int, int]
"""Height and width in pixels."""

_LARGEST = 16384

_STALE = ("OfflineMemoryAllocation",)
"""Metadata that places tensors in memory: wrong for other sizes."""

_IMAGE_METADATA = "TFLITE_METADATA"


@dataclass(frozen=True, slots=True)
class Resized:
    """A model at its new input size, the change of each input, and remarks."""

    model: Model
    inputs: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    constants: int
    notes: tuple[str, ...]


def parse_size(text: str) -> Size:
    """Return height and width of `320` or `192x256` (height first). Raises InputError for anything else."""
    height, separator, width = text.strip().lower().partition("x")
    sides = (height, width) if separator else (height, height)
    if not all(side.isascii() and side.isdecimal() and 1 <= int(side[:9]) <= _LARGEST for side in sides):
        raise InputError(
            f"'{text}' is not a size. Write a number of pixels such as 320, or height and width such as 192x256, up "
            f"to {_LARGEST}."
        )
    return int(sides[0]), int(sides[1])


def image_input(model: Model) -> str:
    """Return the name of the only input with rows and columns. Raises InputError if there is none or several."""
    images = [model.main.tensors[index].name for index in model.main.inputs if _is_image(model.main, index)]
    if len(images) == 1:
        return images[0]
    if not images:
        raise InputError(f"{model.name}: cannot be resized: none of its inputs has rows and columns.")
    names = ", ".join(map(shorten, images))
    raise InputError(f"{model.name}: several inputs have rows and columns: {names}. Say which: NAME=HEIGHTxWIDTH.")


def image_size(model: Model) -> Size:
    """Return height and width of the only image input. Raises InputError if there is none or several."""
    _, second, third, last = model.main.tensors[_find_input(model, image_input(model))].shape or (0, 0, 0, 0)
    return (third, last) if _is_channels_first(second, last) else (second, third)


def resize_image(model: Model, size: Size) -> Resized:
    """Return `model` with its only image input at `size`. Raises InputError if it has none or several."""
    return resize_inputs(model, {image_input(model): size})


def resize_inputs(model: Model, sizes: Mapping[str, Size]) -> Resized:
    """Return `model` with the inputs named in `sizes` (by the tensor's or the signature's name) at new sizes.

    Weights and quantization stay, so the answers are as good as the network is at that size. Constants that depend on
    the size are recomputed. Raises InputError with the operator if the architecture prevents it.
    """
    require_operands(model)
    walk = ResizeWalk.start(model)
    changed: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = []
    for name, size in sizes.items():
        index = _find_input(model, name)
        before = walk.old(index)
        after = _with_size(model, index, size)
        walk.set_shape(index, tuple(map(dimension, before, after)))
        walk.depends.add(index)
        changed.append((walk.tensors[index].name, before, after))
    for index in range(len(walk.operators)):
        _follow(walk, index)
    metadata = _metadata(walk, any(before != after for _, before, after in changed))
    graph = replace(walk.graph, tensors=tuple(walk.tensors), operators=tuple(walk.operators))
    resized = replace(model, subgraphs=(graph, *model.subgraphs[1:]), metadata=metadata)
    validate(resized)
    return Resized(resized, tuple(changed), _changed_constants(walk.graph, graph), tuple(walk.notes))


def _changed_constants(before: Subgraph, after: Subgraph) -> int:
    same = sum(old.buffer is new.buffer for old, new in zip(before.tensors, after.tensors, strict=False))
    return len(after.tensors) - same


def _is_image(graph: Subgraph, index: int) -> bool:
    return len(graph.tensors[index].shape or ()) == 4


def _find_input(model: Model, name: str) -> int:
    graph = model.main
    names = {graph.tensors[index].name: index for index in graph.inputs}
    for signature in model.signatures:
        if signature.subgraph == 0:
            names = {alias: tensor for alias, tensor in signature.inputs if tensor in graph.inputs} | names
    if name not in names:
        known = ", ".join(map(shorten, names)) or "none"
        raise InputError(f"{model.name}: there is no input '{name}'. Its inputs: {known}.")
    if not _is_image(graph, names[name]):
        shape = list(graph.tensors[names[name]].shape or ())
        raise InputError(
            f"{model.name}: the input '{name}' of {shape} has no rows and columns, so it cannot be resized."
        )
    return names[name]


def _with_size(model: Model, index: int, size: Size) -> tuple[int, ...]:
    batch, second, _, last = model.main.tensors[index].shape or (0, 0, 0, 0)
    if _is_channels_first(second, last):
        return batch, second, size[0], size[1]
    return batch, size[0], size[1], last


def _is_channels_first(second: int, last: int) -> bool:
    """Return whether converters from PyTorch left the channels in front; no image has over four, nor so few rows."""
    return second <= 4 < last


def _follow(walk: ResizeWalk, index: int) -> None:
    """Give the outputs of the operator at `index` their new shapes."""
    operator = walk.operators[index]
    if walk.depends.isdisjoint(operator.inputs):
        return
    walk.depends.update(operator.outputs)
    # What was averaged to one place is resized to the size of the map again.
    if not (any(map(walk.changes, operator.inputs)) or operator.type.startswith("RESIZE_")):
        return
    rule = rule_of(operator.type)
    try:
        known_values(walk, index)
        if rule is not None and rule(walk, index):
            return
    except (LookupError, ArithmeticError, ValueError, TypeError):
        walk.fail(index, "its operands, sizes or options do not match in this file")
    row = operator_type(operator)
    if row.shape is None or (row.kind is Kind.PRODUCT and rule is None):
        walk.fail(index, f"npufit does not know how {operator.type} depends on the size of its input")
    operator = walk.operators[index]
    shapes = walk.infer(operator)
    if shapes is None:
        found = " and ".join(str(list(walk.new(tensor))) for tensor in operator.inputs if tensor >= 0)
        walk.fail(index, f"{found} do not match")
    for output, shape in zip(operator.outputs, shapes, strict=True):
        walk.set_new_shape(index, output, shape)


def _metadata(walk: ResizeWalk, changed: bool) -> tuple[Metadata, ...]:
    """Return the metadata that is still valid."""
    kept: list[Metadata] = []
    for entry in walk.model.metadata:
        if changed and entry.name in _STALE:
            walk.notes.append(f"the metadata {entry.name} is dropped: it is valid only for the old sizes")
            continue
        if changed and entry.name == _IMAGE_METADATA:
            walk.notes.append(f"the metadata {entry.name} is kept; an image size in it is the old one")
        kept.append(entry)
    return tuple(kept)
