"""Variants of a model that only serve to be converted: their answers are different, or of no use."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.errors import InputError
from npufit.graph import Model, boundary, cut_out, needed_operators
from npufit.rewrite import Context, Editor, make_pass
from npufit.rewrite.resolution import Size, image_size, resize_image

_MOST_SIZES = 8
_STEP = 16


def without_pads(model: Model) -> Model | None:
    """Return `model` with PADs folded into the operators after them, which changes no answer, None if none can be."""
    try:
        rewritten = make_pass("fold-pad", {}).rewrite(model, Context())
    except InputError:
        return None
    return None if rewritten is None else rewritten.model


def without_additions(model: Model) -> Model | None:
    """Return `model` without its ADDs of two feature maps: what read the sum reads the younger operand."""
    editor = Editor(model)
    found = False
    for index, operator in enumerate(model.main.operators):
        if operator.type != "ADD":
            continue
        maps = [tensor for tensor in editor.operator(index).inputs if not editor.tensor(tensor).is_constant]
        result = editor.tensor(operator.outputs[0])
        alike = [tensor for tensor in maps if editor.tensor(tensor).shape == result.shape]
        if len(maps) == 2 and alike:
            younger = max(alike, key=lambda tensor: editor.producer(tensor) or -1)
            found |= editor.bypass(index, younger)
    return editor.finish() if found else None


def later_part(model: Model, first: int) -> Model:
    """Return the operators of `model` from `first` on as a model of their own."""
    graph = model.main
    kept = range(first, len(graph.operators))
    needed = needed_operators([graph.operators[index] for index in kept], graph.outputs)
    operators = [kept[place] for place in sorted(needed)]
    return _compact(cut_out(model, operators, boundary(graph, operators).outputs))


def alone(model: Model, operator: int) -> Model:
    """Return one operator of `model` as a model of its own."""
    return _compact(cut_out(model, [operator], boundary(model.main, [operator]).outputs))


def resized(model: Model, size: Size) -> Model | None:
    """Return `model` with another image size, None if it cannot have it."""
    try:
        return resize_image(model, size).model
    except InputError:
        return None


def own_size(model: Model) -> Size | None:
    """Return height and width of the image that `model` takes, None if it takes none."""
    try:
        return image_size(model)
    except InputError:
        return None


def sizes_between(smaller: Size, larger: Size) -> Iterator[Size]:
    """Yield some sizes between two of the same shape, in steps that most networks can have."""
    is_far = larger[0] - smaller[0] > _MOST_SIZES * _STEP
    step = 2 * _STEP if is_far else _STEP
    heights = range(smaller[0] - smaller[0] % step + step, larger[0], step)
    for height in heights[:: max(1, len(heights) // _MOST_SIZES)]:
        width = larger[1] * height // larger[0]
        yield height, max(step, width - width % step)


def stages(model: Model) -> tuple[int, ...]:
    """Return the operators that follow on one that makes the feature map smaller."""
    graph = model.main
    found: list[int] = []
    for index, operator in enumerate(graph.operators[:-1]):
        source = next((tensor.shape for tensor in graph.input_tensors(operator)), None)
        result = next((tensor.shape for tensor in graph.output_tensors(operator)), None)
        if source is not None and result is not None and len(source) == len(result) == 4 and result[1] < source[1]:
            found.append(index + 1)
    return tuple(found)


def _compact(model: Model) -> Model:
    """Return `model` without the tensors that nothing uses."""
    return Editor(model).finish()
