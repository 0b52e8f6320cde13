"""Two runs of one model, compared tensor by tensor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from npufit.execution.values import Array, Values, without_ones
from npufit.graph import Model, wire

IN_BRICKS = "equal when read in bricks of 16 channels: it left the NPU in brick order (hazard ethosu.brick-order)"

_NOTHING = np.empty(0)


@dataclass(frozen=True, slots=True)
class TensorComparison:
    """One tensor that both sides have.

    `operator` is the index of the operator that writes it, `differing` counts the values that are not the same,
    `beyond` those that differ by more than the tolerance, and `largest` is the largest difference, in steps for
    integers. `note` explains a known difference.
    """

    tensor: int
    operator: int
    differing: int
    beyond: int
    count: int
    largest: float
    note: str = ""

    @property
    def is_equal(self) -> bool:
        """True if no value differs by more than the tolerance."""
        return self.beyond == 0

    @property
    def share(self) -> float:
        """Share of the values that are not the same, 0 to 1."""
        return self.differing / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All tensors that both sides have, in the order in which the model's operators write them."""

    golden: str
    tolerance: float
    tensors: tuple[TensorComparison, ...]
    parting: tuple[Array, Array] | None = field(default=None, compare=False, repr=False)
    """The values of the first tensor that differs, and those of the golden; None if all are equal."""

    @property
    def first_difference(self) -> TensorComparison | None:
        """The first tensor that differs beyond the tolerance, None if all are equal."""
        return next((tensor for tensor in self.tensors if not tensor.is_equal), None)

    @property
    def is_equal(self) -> bool:
        """True if there is something to compare and no tensor differs beyond the tolerance."""
        return bool(self.tensors) and self.first_difference is None


def compare(
    model: Model,
    values: Values,
    reference: Values,
    golden: str,
    tolerance: float = 0.0,
    in_bricks: Values | None = None,
) -> Comparison:
    """Return how `values` differ from `reference`, for every tensor that an operator writes and that both have.

    `in_bricks` has tensors read in another order, which explains a difference if they then equal the reference.
    """
    producer = wire(model.main).producer
    compared: list[TensorComparison] = []
    for index in values.keys() & reference.keys():
        writer = producer[index]
        if writer is None:
            continue
        found = compare_values(index, writer, values[index], reference[index], tolerance)
        if not found.is_equal and in_bricks and np.array_equal(in_bricks.get(index, _NOTHING), reference[index]):
            found = replace(found, note=IN_BRICKS)
        compared.append(found)
    ordered = tuple(sorted(compared, key=lambda found: (found.operator, found.tensor)))
    first = next((found.tensor for found in ordered if not found.is_equal), None)
    parting = None if first is None else (values[first], reference[first])
    return Comparison(golden, tolerance, ordered, parting)


def compare_values(
    tensor: int, operator: int, values: Array, reference: Array, tolerance: float = 0.0
) -> TensorComparison:
    """Return how `values` of a tensor differ from `reference`; another shape or type counts as different everywhere.

    Dimensions of size 1 are ignored: compilers add and drop them.
    """
    if without_ones(values.shape) == without_ones(reference.shape):
        values = values.reshape(reference.shape)
    if values.shape != reference.shape or values.dtype != reference.dtype:
        found, expected = (f"{array.dtype} {array.shape}" for array in (values, reference))
        count = max(1, reference.size)
        return TensorComparison(tensor, operator, count, count, count, float("inf"), f"{found} instead of {expected}")
    if np.array_equal(values, reference):
        return TensorComparison(tensor, operator, 0, 0, values.size, 0.0)
    distance = _distance(values, reference)
    return TensorComparison(
        tensor,
        operator,
        differing=int(np.count_nonzero(distance)),
        beyond=int(np.count_nonzero(distance > tolerance)),
        count=values.size,
        largest=float(distance.max(initial=0.0)),
    )


def _distance(values: Array, reference: Array) -> Array:
    """Return the absolute differences; NaN equals NaN, and is infinitely far from every number."""
    if values.dtype.kind in "biu" and values.dtype.itemsize < 8:
        return np.abs(values.astype(np.int64) - reference.astype(np.int64))
    if values.dtype.kind in "iu":
        # The larger minus the smaller is right modulo 2^64 and never negative.
        larger, smaller = np.maximum(values, reference), np.minimum(values, reference)
        return larger.astype(np.uint64) - smaller.astype(np.uint64)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(values - reference).astype(np.float64)
    same = (values == reference) | (np.isnan(values) & np.isnan(reference))
    return np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))
