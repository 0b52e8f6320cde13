"""Reference networks built as graphs, at any resolution and in every number format, without TensorFlow."""

from __future__ import annotations

from npufit.graph import Model
from npufit.zoo.catalogue import CATALOGUE, LARGEST_SIZE, ZooEntry, entries
from npufit.zoo.encoding import encode
from npufit.zoo.parsing import parse_spec, validate_spec
from npufit.zoo.spec import PREFIX, Boundary, Export, PadStyle, Precision, ZooSpec
from npufit.zoo.structure import (
    Granularity,
    OperandStructure,
    OperatorStructure,
    Structure,
    TensorStructure,
    describe_structure,
    structure_differences,
)

__all__ = [
    "CATALOGUE",
    "LARGEST_SIZE",
    "PREFIX",
    "Boundary",
    "Export",
    "Granularity",
    "OperandStructure",
    "OperatorStructure",
    "PadStyle",
    "Precision",
    "Structure",
    "TensorStructure",
    "ZooEntry",
    "ZooSpec",
    "build",
    "describe_structure",
    "entries",
    "parse_spec",
    "structure_differences",
]


def build(spec: ZooSpec) -> Model:
    """Return the network that `spec` describes; the same spec always gives the same model.

    The weights are random and the network recognises nothing; structure, shapes, quantization and activation ranges are
    those of the real one. Raises InputError if the zoo has no such network.
    """
    validate_spec(spec)
    return encode(CATALOGUE[spec.network].draw(spec), spec)
