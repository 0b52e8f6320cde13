"""The parts for the CPU as files: operators cut out of the compiled file, with the names of the source model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from npufit.graph import Kind, Model, operator_type
from npufit.rewrite import Editor
from npufit.tflite import serialize_model


def segment_file(
    compiled: Model,
    operators: Sequence[int],
    inputs: Sequence[int],
    outputs: Sequence[int],
    rename: Callable[[str], str],
) -> bytes:
    """Return a `.tflite` file of some operators of the main subgraph; `inputs` and `outputs` are tensors in order."""
    inside = frozenset(operators)
    editor = Editor(replace(compiled, signatures=()))
    editor.remove(*(index for index in range(len(compiled.main.operators)) if index not in inside))
    editor.inputs, editor.outputs = list(inputs), list(outputs)
    # The memory plan that Vela adds is for the whole file.
    cut = replace(editor.finish(), metadata=(), metadata_buffers=(), attachments=())
    if not any(operator_type(operator).kind is Kind.CONTROL for operator in cut.main.operators):
        cut = replace(cut, subgraphs=cut.subgraphs[:1])
    return serialize_model(renamed(cut, rename))


def renamed(model: Model, rename: Callable[[str], str]) -> Model:
    """Return `model` with the names of its tensors changed."""
    return replace(
        model,
        subgraphs=tuple(
            replace(graph, tensors=tuple(replace(tensor, name=rename(tensor.name)) for tensor in graph.tensors))
            for graph in model.subgraphs
        ),
    )
