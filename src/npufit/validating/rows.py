"""Predicted against measured: every public measurement beside the prediction of a fit that had not seen its network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from npufit.cost import HELD_OUT, load_coefficients, read_json
from npufit.cost.measured import Row, measured_rows
from npufit.cost.npu import load_npu_model
from npufit.errors import InputError


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One public measurement. `chip` is npufit's name for it, or the source's if npufit has no such chip.

    `group` names the model that predicts the row (`imx93/cpu`, `imx93/vela`). `network` is the zoo's, None if it cannot
    be built. `predicted_ms` and the range from `low_ms` to `high_ms` come from nested cross-validation: nothing in them
    was fitted to a row of this network or chosen by one; None without a prediction. `compiler_ms` is the estimate of
    the stack's own compiler, `in_band` whether the measurement lay in the range. `left_out` says why the row does not
    count, empty if it does.
    """

    chip: str
    group: str
    model: str
    size: str
    network: str | None
    unit: str
    threads: str
    stack: str
    stack_version: str
    measured_ms: float
    predicted_ms: float | None
    low_ms: float | None
    high_ms: float | None
    compiler_ms: float | None
    left_out: str
    source: str

    @property
    def in_band(self) -> bool | None:
        """Whether the measurement lay in the range, None if there is none."""
        if self.low_ms is None or self.high_ms is None:
            return None
        return self.low_ms <= self.measured_ms <= self.high_ms

    @property
    def counts(self) -> bool:
        """Whether the row counts in the errors of its group."""
        return self.predicted_ms is not None and not self.left_out

    @property
    def error(self) -> float | None:
        """The error of the prediction as a share of the measurement; negative if it is too low."""
        return None if self.predicted_ms is None else self.predicted_ms / self.measured_ms - 1

    @property
    def compiler_error(self) -> float | None:
        """The error of the compiler's own estimate, like `error`."""
        return None if self.compiler_ms is None else self.compiler_ms / self.measured_ms - 1


def accuracy_rows(document: Mapping[str, Any] | None = None) -> tuple[AccuracyRow, ...]:
    """Return every public measurement with its held-out prediction, in file order.

    `document` is the `held_out` that `python -m npufit.cost.regression` writes; by default the packaged one.
    """
    held_out = {entry["row"]: entry for entry in (document or packaged_predictions())["rows"]}
    return tuple(_row(row, held_out.get(row.index, {})) for row in measured_rows())


def packaged_predictions() -> Mapping[str, Any]:
    """Return the packaged predictions of networks that their fits had not seen."""
    return read_json(HELD_OUT)


def _row(row: Row, entry: Mapping[str, Any]) -> AccuracyRow:
    predicted: float | None = entry.get("predicted_ms")
    return AccuracyRow(
        chip=row.chip or row.chip_name,
        group=row.group,
        model=row.model,
        size=row.size,
        network=entry.get("network") or row.network or None,
        unit=row.unit.value,
        threads=row.threads_text,
        stack=row.stack_name,
        stack_version=row.version,
        measured_ms=row.measured_ms,
        predicted_ms=predicted,
        low_ms=entry.get("low_ms"),
        high_ms=entry.get("high_ms"),
        compiler_ms=entry.get("compiler_ms"),
        left_out=entry.get("left_out") or row.left_out or ("" if predicted is not None else "no prediction is stored"),
        source=row.source,
    )


def choose_rows(
    rows: Sequence[AccuracyRow], wanted: Sequence[str], known_elsewhere: Collection[str] = ()
) -> tuple[AccuracyRow, ...]:
    """Return the rows of the chips or groups in `wanted` (`imx93`, `imx93/vela`, `imx93/cpu`), all if it is empty.

    Raises InputError for one without rows, unless it is in `known_elsewhere`.
    """
    if not wanted:
        return tuple(rows)
    known = list(dict.fromkeys(name for row in rows for name in (row.chip, row.group)))
    for name in wanted:
        if name not in known and name not in known_elsewhere:
            named = ", ".join(entry for entry in known if " " not in entry)
            raise InputError(f"there is no measurement of '{name}'. {_assumed(name)}Known: {named}.")
    return tuple(row for row in rows if row.chip in wanted or row.group in wanted)


def _assumed(group: str) -> str:
    """Return what predictions for `group` rest on if no measurement of it is public, empty if there are none."""
    chip, _, stack = group.partition("/")
    model = load_npu_model(chip, stack) if load_coefficients(group) is not None and stack != "cpu" else None
    return "" if model is None else f"Its times are predicted all the same, from assumptions: {model.assumption}. "
