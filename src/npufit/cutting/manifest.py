"""The manifest: how to chain the parts, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from npufit._version import __version__
from npufit.cutting.parts import Part
from npufit.errors import InputError
from npufit.formatting import clean, shorten
from npufit.graph import Model, Tensor

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


def manifest_text(model: Model, parts: Sequence[Part], target: str) -> str:
    """Return how to chain the parts, as JSON: run them in order; each input says where its values come from."""
    graph = model.main
    document = {
        "npufit_cut": MANIFEST_VERSION,
        "npufit_version": __version__,
        "model": clean(model.name),
        "target": target,
        "inputs": [_described(graph.tensors[index]) for index in graph.inputs],
        "parts": [
            {
                "file": part.file,
                "unit": part.unit.value,
                "operators": list(part.operators),
                "inputs": [
                    {**_described(graph.tensors[index]), "from": _origin(model, parts, index)} for index in part.inputs
                ],
                "outputs": [_described(graph.tensors[index]) for index in part.outputs],
            }
            for part in parts
        ],
        "outputs": [
            {**_described(graph.tensors[index]), "from": _origin(model, parts, index)} for index in graph.outputs
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _described(tensor: Tensor) -> dict[str, Any]:
    quantization = tensor.quantization
    return {
        "name": clean(tensor.name),
        "shape": list(tensor.shape or ()),
        "type": tensor.element.value,
        "scales": list(quantization.scales),
        "zero_points": list(quantization.zero_points),
    }


def _origin(model: Model, parts: Sequence[Part], index: int) -> Mapping[str, Any]:
    """Return where a tensor's values come from: an output of a part, or an input of the model."""
    for part in parts:
        if index in part.outputs:
            return {"part": part.file, "output": part.outputs.index(index)}
    if index in model.main.inputs:
        return {"input": model.main.inputs.index(index)}
    raise InputError(
        f"{model.name}: tensor {index} '{shorten(model.main.tensors[index].name)}' is written by none of the parts, "
        "so they cannot be chained."
    )
