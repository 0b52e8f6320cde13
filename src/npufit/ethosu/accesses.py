"""What an operation reads and writes, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.ethosu.arithmetic import table_span
from npufit.ethosu.arrays import SHRAM
from npufit.ethosu.feature_maps import Lattice, footprint
from npufit.ethosu.operations import (
    ActivationType,
    BlockOperation,
    Convolution,
    Elementwise,
    FeatureMap,
    Operation,
    Span,
    Transfer,
)
from npufit.ethosu.transfer import lattice


@dataclass(frozen=True, slots=True)
class Access:
    """Bytes that an operation reads or writes, and their role."""

    role: str
    area: Lattice
    writes: bool = False


def list_accesses(operation: Operation, shram_bytes: int) -> tuple[Access, ...]:
    """Return the reads of `operation`, then its writes."""
    if isinstance(operation, Transfer):
        return _transferred(operation)
    if not isinstance(operation, BlockOperation):
        return ()
    found = _of_map("IFM", operation.ifm)
    if isinstance(operation, Elementwise) and operation.ifm2 is not None:
        found += _of_map("IFM2", operation.ifm2)
    if isinstance(operation, Convolution):
        found += [_of_span("weights", span) for span in operation.weights if span.length]
        found += [_of_span("scales", span) for span in operation.scales if span.length]
    if operation.output.activation is ActivationType.TABLE:
        offset, length = table_span(operation)
        found.append(Access("table", Lattice(SHRAM, shram_bytes + offset, (), (), length)))
    found += [Access("OFM", area, writes=True) for area in footprint(operation.ofm)]
    return tuple(found)


def _transferred(operation: Transfer) -> tuple[Access, ...]:
    if not operation.length * operation.rows * operation.planes:
        return ()
    return (
        Access("source", lattice(operation, operation.source)),
        Access("target", lattice(operation, operation.target), writes=True),
    )


def _of_map(role: str, feature_map: FeatureMap) -> list[Access]:
    return [Access(role, area) for area in footprint(feature_map)]


def _of_span(role: str, span: Span) -> Access:
    return Access(role, Lattice(span.region, span.offset, (), (), span.length))
