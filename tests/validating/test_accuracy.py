"""Predicted against measured: what counts, how errors are summed up."""

from __future__ import annotations

from typing import Any

import pytest

from npufit.cost.measured.public_measurements import Row, architecture, measured_rows
from npufit.errors import InputError
from npufit.validating import accuracy_rows, choose_rows, group_accuracy

_FACTORS = (1.0, 1.1, 0.8, 2.0)


def _rows(group: str) -> list[Row]:
    return [row for row in measured_rows() if row.group == group and row.network and not row.left_out][:4]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return a document as the fit writes it: four rows of a group, predicted with the factors above."""
    held_out = [
        {
            "row": row.index,
            "network": row.network,
            "group": row.group,
            "predicted_ms": row.measured_ms * factor,
            "low_ms": row.measured_ms * factor * 0.75,
            "high_ms": row.measured_ms * factor * 1.3,
            "compiler_ms": row.measured_ms * 1.4 if factor == 1.0 else None,
            "left_out": "",
        }
        for row, factor in zip(_rows("imx93/vela"), _FACTORS, strict=True)
    ]
    return {"rows": held_out, "classes": []}


def test_every_measurement_is_a_row_and_counts_or_says_why_not(document: dict[str, Any]) -> None:
    for rows in (accuracy_rows(), accuracy_rows(document)):
        assert len(rows) == len(measured_rows())
        for row in rows:
            assert row.counts or row.left_out
            assert row.measured_ms > 0
            assert row.source
    assert sum(row.counts for row in accuracy_rows(document)) == len(_FACTORS)


def test_errors_and_coverage_are_of_the_rows_that_count(document: dict[str, Any]) -> None:
    group = group_accuracy(accuracy_rows(document))[0]
    approximately = pytest.approx  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    assert (group.group, group.part, group.rows) == ("imx93/vela", "", 4)
    assert group.median_error == approximately(0.15)
    assert group.mean_error == approximately((0.0 + 0.1 + 0.2 + 1.0) / 4)
    assert group.coverage == approximately(3 / 4)
    assert group.compiler_mean_error == approximately(0.4)


def test_a_row_that_is_left_out_does_not_count_even_with_a_prediction(document: dict[str, Any]) -> None:
    changed = {**document, "rows": [{**entry, "left_out": "doubtful"} for entry in document["rows"]]}
    assert group_accuracy(accuracy_rows(changed)) == ()


def test_threads_have_sums_of_their_own() -> None:
    held_out = [
        {"row": row.index, "predicted_ms": row.measured_ms * (1 + (row.threads or 1) / 10), "left_out": ""}
        for row in measured_rows()
        if row.group == "imx93/cpu" and row.threads_text in ("1", "2")
    ]
    whole, one, two, small = group_accuracy(accuracy_rows({"rows": held_out, "classes": []}))
    assert (whole.part, one.part, two.part, small.part) == ("", "1 thread", "2 threads", "below 3 ms")
    assert one.rows + two.rows == whole.rows
    assert one.mean_error < whole.mean_error < two.mean_error


def test_rows_are_chosen_by_chip_or_group() -> None:
    rows = accuracy_rows()
    assert choose_rows(rows, ()) == rows
    chip = choose_rows(rows, ("imx93",))
    group = choose_rows(rows, ("imx93/vela",))
    assert set(group) < set(chip)
    assert {row.chip for row in chip} == {"imx93"}
    with pytest.raises(InputError, match="imx93/vela"):
        choose_rows(rows, ("imx94",))
    with pytest.raises(InputError, match=r"from assumptions: .*the range is a guess\. Known: "):
        choose_rows(rows, ("imx93/direct",))


def test_an_architecture_is_a_network_at_any_size_and_in_any_export() -> None:
    assert {architecture(name) for name in ("zoo:mobilenet_v2@320,int8", "zoo:mobilenet_v2,uint8")} == {"mobilenet_v2"}
