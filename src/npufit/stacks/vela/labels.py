"""Tensor labels that survive Vela, so that everything it writes can be matched to the source model without guessing.

Tensor names in a `.tflite` may be duplicated or missing, and Vela drops and reorders tensors. So the copy that Vela
compiles uses `#SUBGRAPH.TENSOR` as names; tests prove that names change nothing else in its output.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from npufit.graph import Model


class Label(NamedTuple):
    """The tensor that a label stands for: the index of its subgraph in the source model, and its own index there."""

    subgraph: int
    tensor: int


_LABEL = re.compile(r"#(\d+)\.(\d+)")


def label_tensors(model: Model) -> Model:
    """Return `model` with every tensor named by its label."""
    return replace(
        model,
        subgraphs=tuple(
            replace(
                subgraph,
                tensors=tuple(
                    replace(tensor, name=f"#{number}.{index}") for index, tensor in enumerate(subgraph.tensors)
                ),
            )
            for number, subgraph in enumerate(model.subgraphs)
        ),
    )


def read_label(name: str) -> Label | None:
    """Return the tensor that a label stands for, or None if `name` is not a label."""
    match = _LABEL.fullmatch(name)
    return Label(int(match[1]), int(match[2])) if match else None


def find_label(text: str) -> Label | None:
    """Return the tensor of the first label in `text`, or None."""
    match = _LABEL.search(text)
    return Label(int(match[1]), int(match[2])) if match else None


def restore_names(text: str, model: Model) -> str:
    """Return `text` with the tensor names of `model` in place of their labels."""

    def name_of(match: re.Match[str]) -> str:
        subgraph, tensor = int(match[1]), int(match[2])
        try:
            return model.subgraphs[subgraph].tensors[tensor].name or f"tensor {tensor}"
        except IndexError:
            return match[0]

    return _LABEL.sub(name_of, text)
