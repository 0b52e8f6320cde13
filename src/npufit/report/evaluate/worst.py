"""Which images change the most."""

from __future__ import annotations

from npufit.evaluating import EvaluatedImage, EvaluateResult, match_boxes


def worst_images(result: EvaluateResult, *, only_changed: bool = True) -> list[EvaluatedImage]:
    """Return the images of the main pair with the largest changes first; images whose answer changed lead.

    For detectors the number of objects that only one side has decides, then as for others the largest difference of an
    output.
    """
    ranked = sorted(result.images, key=lambda image: (*_weight(result, image), image.name))
    return [image for image in ranked if is_changed(result, image)] if only_changed else ranked


def is_changed(result: EvaluateResult, image: EvaluatedImage) -> bool:
    """Return whether the answer changed: the best class, an object, or any value of models that are not read."""
    return changes(result, image) > 0


def changes(result: EvaluateResult, image: EvaluatedImage) -> int:
    """Return how much of the answer changed: 1 for another best class, the number of objects, or of values."""
    pair, record = result.main_pair, image.record
    if pair is None:
        return 0
    if result.classes is not None:
        return int(record.rankings[pair.first].best != record.rankings[pair.second].best)
    if result.boxes is not None:
        match = match_boxes(record.boxes[pair.first], record.boxes[pair.second], result.boxes.least_score)
        return len(match.only_first) + len(match.only_second)
    return sum(change.differing for change in record.changes[pair])


def _weight(result: EvaluateResult, image: EvaluatedImage) -> tuple[float, float]:
    pair = result.main_pair
    differences = image.record.changes.get(pair, ()) if pair else ()
    return -changes(result, image), -max((change.largest for change in differences), default=0.0)
