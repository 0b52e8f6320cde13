"""Reference networks built as graphs, at any resolution and in every number format, without TensorFlow."""

from npufit.zoo.build import build
from npufit.zoo.catalogue import CATALOGUE, LARGEST_SIZE, ZooEntry, entries
from npufit.zoo.parsing import parse_spec, validate_spec
from npufit.zoo.spec import BOUNDARIES, PREFIX, Boundary, Export, PadStyle, Precision, ZooSpec
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
    "BOUNDARIES",
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
    "validate_spec",
]
