"""What a CI run may require of an evaluation, such as `top1-agreement>=99%`.

A gate decides on the observed value. Whether enough images stand behind it is said beside: a gate on the interval's end
would ask for hundreds of images even if all of them agree, and fail for reasons that are not the model's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.checking import Gate, Quantity, apply_gate, read_gate
from npufit.evaluating.box_summary import BoxAgreement, BoxSummary
from npufit.evaluating.class_summary import ClassAccuracy, ClassAgreement, ClassSummary
from npufit.evaluating.intervals import Proportion
from npufit.evaluating.output_summary import OutputAgreement, OutputSummary
from npufit.evaluating.records import Pair, Side
from npufit.evaluating.result import GateOutcome


@dataclass(frozen=True, slots=True)
class Judged:
    """What gates may ask about: the summaries, and which pair and side they mean."""

    pair: Pair | None
    side: Side
    classes: ClassSummary | None
    boxes: BoxSummary | None
    outputs: OutputSummary
    unreadable: int
    failed: int


_Share = Callable[[Judged], Proportion | None]


def _class_agreement(value: Callable[[ClassAgreement], Proportion | None]) -> _Share:
    return lambda judged: value(judged.classes.agreement[judged.pair]) if judged.classes and judged.pair else None


def _class_accuracy(value: Callable[[ClassAccuracy], Proportion | None], side: Side | None = None) -> _Share:
    def find(judged: Judged) -> Proportion | None:
        found = judged.classes.accuracy.get(side or judged.side) if judged.classes else None
        return value(found) if found else None

    return find


def _box_agreement(value: Callable[[BoxAgreement], Proportion]) -> _Share:
    return lambda judged: value(judged.boxes.agreement[judged.pair]) if judged.boxes and judged.pair else None


def _worst_output(value: Callable[[OutputAgreement], Proportion | None]) -> _Share:
    def find(judged: Judged) -> Proportion | None:
        outputs = judged.outputs.outputs[judged.pair] if judged.pair else ()
        found = [share for share in map(value, outputs) if share is not None and share.share is not None]
        return min(found, key=lambda share: share.share or 0.0, default=None)

    return find


_SHARES: dict[str, _Share] = {
    "top1-agreement": _class_agreement(lambda found: found.top1),
    "top5-agreement": _class_agreement(lambda found: found.top5),
    "top1-accuracy": _class_accuracy(lambda found: found.top1),
    "top5-accuracy": _class_accuracy(lambda found: found.top5),
    "image-agreement": _box_agreement(lambda found: found.images),
    "box-agreement": _box_agreement(lambda found: found.boxes),
    "pixel-agreement": _worst_output(lambda found: found.pixels),
    "value-agreement": _worst_output(lambda found: found.values),
    "equal-images": lambda judged: judged.outputs.images[judged.pair] if judged.pair else None,
}
"""Quantities that have an interval. `image-agreement` counts images with the same detections; of several outputs the
worst counts."""


def _share(find: _Share) -> Callable[[Judged], float | None]:
    def value(judged: Judged) -> float | None:
        found = find(judged)
        return found.share if found else None

    return value


def _drop(accuracy: Callable[[ClassAccuracy], Proportion | None]) -> Callable[[Judged], float | None]:
    """Return how much lower the target's accuracy is than the reference's, as a share; negative if it is higher."""
    reference, own = _class_accuracy(accuracy, Side.REFERENCE), _class_accuracy(accuracy)

    def value(judged: Judged) -> float | None:
        shares = [found.share if (found := find(judged)) else None for find in (reference, own)]
        return None if shares[0] is None or shares[1] is None else shares[0] - shares[1]

    return value


def _precision(judged: Judged) -> float | None:
    found = judged.boxes.precision.get(judged.side) if judged.boxes else None
    return found.coco.value if found else None


def _precision_at_half(judged: Judged) -> float | None:
    found = judged.boxes.precision.get(judged.side) if judged.boxes else None
    return found.half.value if found else None


def _precision_drop(judged: Judged) -> float | None:
    found = judged.boxes.precision.get(judged.side) if judged.boxes else None
    return found.drop.value if found and found.drop else None


def _one(_: Judged) -> float:
    return 1.0


_QUANTITIES: dict[str, Quantity[Judged]] = {
    **{name: Quantity(_share(find), _one) for name, find in _SHARES.items()},
    "top1-drop": Quantity(_drop(lambda found: found.top1), _one),
    "top5-drop": Quantity(_drop(lambda found: found.top5), _one),
    "map": Quantity(_precision, _one),
    "map50": Quantity(_precision_at_half, _one),
    "map-drop": Quantity(_precision_drop, _one),
    "unreadable-images": Quantity(lambda judged: judged.unreadable),
    "failed-images": Quantity(lambda judged: judged.failed),
}

GATE_NAMES = tuple(_QUANTITIES)


def parse_gate(text: str) -> Gate:
    """Return the gate in `text`, such as `top1-agreement>=99%`. Raises InputError."""
    return read_gate(text, _QUANTITIES)


def judge_gate(gate: Gate, place: str, judged: Judged) -> GateOutcome:
    """Return whether `gate` holds for what was observed, and whether the images suffice to know."""
    result = apply_gate(gate, place, judged, _QUANTITIES)
    find = _SHARES.get(gate.quantity)
    share = find(judged) if find else None
    if share is None or share.share is None:
        return GateOutcome(result)
    bound = gate.bound / 100.0 if gate.percent else gate.bound
    if share.excludes(bound):
        return GateOutcome(result, is_sure=True)
    return GateOutcome(result, is_sure=False, needed=share.draws_to_exclude(bound))
