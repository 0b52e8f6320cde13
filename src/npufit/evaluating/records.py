"""What is kept about one image: the answers of each way, and how far their outputs are apart. It becomes JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from npufit.evaluating.boxes import Box
from npufit.evaluating.rankings import Ranking


class Side(StrEnum):
    """Who answers."""

    REFERENCE = "reference"
    """The model in LiteRT's reference kernels."""
    TARGET = "target"
    """The model as the target would answer, or the fitted model."""
    ORIGINAL = "original"
    """The floating-point model that the model was made from."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sides that are compared; the first is what the second is held against."""

    first: Side
    second: Side


PAIRS = (
    Pair(Side.REFERENCE, Side.TARGET),
    Pair(Side.ORIGINAL, Side.REFERENCE),
    Pair(Side.ORIGINAL, Side.TARGET),
)


@dataclass(frozen=True, slots=True)
class OutputChange:
    """How far one output of two sides is apart: values that differ, and the largest difference in real numbers.

    `pixels` and `same_pixels` count positions and those with the same class, for a map of classes; otherwise 0.
    """

    output: int
    values: int
    differing: int
    largest: float
    pixels: int = 0
    same_pixels: int = 0


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """The answers for one image of `width` x `height` pixels.

    `rankings` are those of a classifier, `boxes` those of a detector, by side; `changes` has the outputs of each pair.
    `findings` counts what the simulator's sanitizer found, `reused` the runs of CPU operators whose results were those
    of the reference kernels, because they had been given the same bytes.
    """

    width: int
    height: int
    rankings: Mapping[Side, Ranking] = field(default_factory=dict[Side, Ranking])
    boxes: Mapping[Side, tuple[Box, ...]] = field(default_factory=dict[Side, tuple[Box, ...]])
    changes: Mapping[Pair, tuple[OutputChange, ...]] = field(default_factory=dict[Pair, tuple[OutputChange, ...]])
    findings: int = 0
    reused: int = 0

    @property
    def largest_change(self) -> float:
        """The largest difference of any output between the target and the reference, in real numbers."""
        return max((change.largest for change in self.changes.get(PAIRS[0], ())), default=0.0)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An image that cannot be read, and why."""

    why: str


def to_text(record: ImageRecord | Unreadable) -> str:
    """Return `record` as JSON text."""
    if isinstance(record, Unreadable):
        return json.dumps({"unreadable": record.why})
    return json.dumps(
        {
            "size": [record.width, record.height],
            "rankings": {side: asdict(ranking) for side, ranking in record.rankings.items()},
            "boxes": {side: [_box_row(box) for box in boxes] for side, boxes in record.boxes.items()},
            "changes": [
                [pair.first, pair.second, [asdict(change) for change in changes]]
                for pair, changes in record.changes.items()
            ],
            "findings": record.findings,
            "reused": record.reused,
        }
    )


def from_text(text: str) -> ImageRecord | Unreadable:
    """Return the record that `to_text` wrote."""
    data: dict[str, Any] = json.loads(text)
    if "unreadable" in data:
        return Unreadable(data["unreadable"])
    return ImageRecord(
        *data["size"],
        rankings={Side(side): _ranking(row) for side, row in data["rankings"].items()},
        boxes={Side(side): tuple(Box(*row) for row in rows) for side, rows in data["boxes"].items()},
        changes={
            Pair(Side(first), Side(second)): tuple(OutputChange(**row) for row in rows)
            for first, second, rows in data["changes"]
        },
        findings=data["findings"],
        reused=data["reused"],
    )


def _ranking(row: dict[str, Any]) -> Ranking:
    return Ranking(tuple(row["classes"]), tuple(row["scores"]), row["tied"], row["is_fifth_tied"])


def _box_row(box: Box) -> list[float]:
    corners = (round(value, 2) for value in (box.left, box.top, box.right, box.bottom))
    return [box.label, round(box.score, 6), *corners]
