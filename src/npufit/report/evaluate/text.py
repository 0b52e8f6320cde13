"""The result of an evaluation for people."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.evaluating import ChangedClass, ChangedObjects, EvaluateResult, FailedImage, Proportion
from npufit.formatting import percent, shorten
from npufit.report.evaluate.words import (
    gate_words,
    headline,
    is_good,
    measured_words,
    moved_words,
    pair_words,
    preparation_words,
    reading_words,
    side_words,
    span,
    tie_words,
    time_words,
)
from npufit.report.evaluate.worst import worst_images
from npufit.report.terminal_page import GLUE, Page, columns

_ROWS = 8
_NAME_WIDTH = 44
_TOPS = ("top 1", "", "top 5", "")


def evaluate_text(result: EvaluateResult, page: Page, *, everything: bool = False) -> str:
    """Return the report on an evaluation: the answer first; `everything` lists each class and image that changed."""
    style, answer = "green" if is_good(result) else "red", headline(result).replace(" %", f"{GLUE}%")
    lines = [page.ink(style, line) for line in page.wrap(answer, hanging="  ")]
    for text in (side_words(result), reading_words(result), preparation_words(result), time_words(result)):
        lines += [page.ink("dim", line) for line in page.wrap(shorten(text, 400), hanging="  ")]
    notes = [*result.notes, *(text for text in [tie_words(result)] if text)]
    lines += [line for note in notes for line in page.wrap(f"note: {shorten(note, 400)}", hanging="  ")]
    for section in (_agreement, _accuracy, _outputs):
        lines += section(result, page)
    lines += _changed_classes(result, page, everything)
    lines += _worst(result, page, everything)
    lines += _failures("Unreadable images, not counted", result.unreadable, page, everything)
    lines += _failures("Images that failed, not counted", result.failed, page, everything)
    return "\n".join([*lines, *gates(result, page)])


def gates(result: EvaluateResult, page: Page) -> list[str]:
    """Return the lines of the gates."""
    lines = [
        page.ink("green" if gate.result.passed else "red", line)
        for gate in result.gates
        for line in page.wrap(gate_words(gate).replace(" %", f"{GLUE}%"), hanging="  ")
    ]
    return ["", *lines] if lines else []


def _agreement(result: EvaluateResult, page: Page) -> list[str]:
    if result.classes is not None:
        rows = [["Agreement", *_TOPS]]
        for pair, found in result.classes.agreement.items():
            rows.append([pair_words(pair), *_share(found.top1), *_share(found.top5)])
        return _table(_without_empty(rows), page) if len(rows) > 1 else []
    if result.boxes is not None:
        rows = [["Agreement", "same images", "", "same objects", "", "lost", "new", "overlap"]]
        for pair, found in result.boxes.agreement.items():
            overlap = "-" if found.overlap is None else f"{found.overlap:.3f}"
            counts = [str(found.only_first), str(found.only_second), overlap]
            rows.append([pair_words(pair), *_share(found.images), *_share(found.boxes), *counts])
        return _table(rows, page, (1, 3, 5, 6, 7)) if len(rows) > 1 else []
    return []


def _accuracy(result: EvaluateResult, page: Page) -> list[str]:
    if result.classes is not None and result.classes.accuracy:
        rows = [["Right by the labels", *_TOPS]]
        for side, found in result.classes.accuracy.items():
            rows.append([str(side), *_share(found.top1), *_share(found.top5)])
        return _table(_without_empty(rows), page)
    if result.boxes is not None and result.boxes.precision:
        rows = [["Mean average precision", "0.5 to 0.95", "at 0.5", "lower by"]]
        for side, found in result.boxes.precision.items():
            drop = "-" if found.drop is None else measured_words(found.drop)
            rows.append([str(side), measured_words(found.coco), measured_words(found.half), drop])
        return _table(rows, page, ())
    return []


def _share(found: Proportion | None) -> tuple[str, str]:
    """Return the cells of a share: the share, and its interval."""
    if found is None:
        return "", ""
    return ("-", "") if found.share is None else (percent(found.share), span(found))


def _without_empty(rows: list[list[str]]) -> list[list[str]]:
    """Return `rows` without the cells for the top five of a model with few classes."""
    return rows if any(row[3] for row in rows[1:]) else [row[:3] for row in rows]


def _outputs(result: EvaluateResult, page: Page) -> list[str]:
    if result.classes is not None or result.boxes is not None:
        return []
    rows = [["Outputs", "images equal", "values equal", "pixels the same class", "largest difference"]]
    for pair in result.pairs:
        for found in result.outputs.outputs[pair][:_ROWS]:
            name = result.model.main.tensors[found.output].name
            of = "" if len(result.pairs) == 1 else f", {pair_words(pair)}"
            pixels = "-" if found.pixels is None or found.pixels.share is None else percent(found.pixels.share)
            cells = [percent(found.images.share or 0.0), percent(found.values.share or 0.0), pixels]
            rows.append([shorten(f"{found.output} {name}{of}", 60), *cells, f"{found.largest:.3g}"])
    return _table(rows, page)


def _changed_classes(result: EvaluateResult, page: Page, everything: bool) -> list[str]:
    most = None if everything else _ROWS
    if result.classes is not None:
        changed: Sequence[ChangedClass | ChangedObjects] = result.classes.changed
        rows = [["Classes that change", "images", "changed", "to"]]
        for entry in result.classes.changed[:most]:
            moved = ", ".join(
                f"{shorten(result.class_name(label), 30)}{f' ({count})' if count > 1 else ''}"
                for label, count in entry.moved_to[:3]
            )
            more = f", … {len(entry.moved_to) - 3} more" if len(entry.moved_to) > 3 else ""
            rows.append([_class(result, entry.label), str(entry.images), str(entry.changed), f"{moved}{more}"])
        right = (1, 2)
    elif result.boxes is not None:
        changed = [entry for entry in result.boxes.changed if entry.only_first or entry.only_second]
        rows = [["Classes that change", "in both", "lost", "new"]]
        for entry in changed[:most]:
            counts = (entry.both, entry.only_first, entry.only_second)
            rows.append([_class(result, entry.label), *map(str, counts)])
        right = (1, 2, 3)
    else:
        return []
    if not changed:
        return []
    return [*_table(rows, page, right), *_rest(len(changed) - len(rows) + 1, "class", page)]


def _worst(result: EvaluateResult, page: Page, everything: bool) -> list[str]:
    images = worst_images(result)
    if not images:
        return []
    shown = images if everything else images[:_ROWS]
    rows = [["Images that change the most", ""]]
    rows += [[shorten(image.name, _NAME_WIDTH), shorten(moved_words(result, image), 90)] for image in shown]
    return [*_table(rows, page, ()), *_rest(len(images) - len(shown), "image", page)]


def _failures(title: str, images: Sequence[FailedImage], page: Page, everything: bool) -> list[str]:
    if not images:
        return []
    shown = images if everything else images[:_ROWS]
    lines = ["", page.ink("bold", f"{title}: {len(images)}")]
    for image in shown:
        why = image.why.removeprefix(f"{image.name}: ")
        lines += page.wrap(f"{shorten(image.name, _NAME_WIDTH)}: {shorten(why, 200)}", "  ", "    ")
    return [*lines, *_rest(len(images) - len(shown), "image", page)]


def _class(result: EvaluateResult, label: int) -> str:
    name = result.class_name(label)
    return str(label) if name == str(label) else f"{label} {shorten(name, 30)}"


def _rest(count: int, noun: str, page: Page) -> list[str]:
    words = f"{count} more classes" if noun == "class" and count > 1 else f"{count} more {noun}{'s' * (count > 1)}"
    return [page.ink("dim", f"  … {words} (--all)")] if count > 0 else []


def _table(rows: list[list[str]], page: Page, right: tuple[int, ...] = (1, 3)) -> list[str]:
    head, *lines = columns(rows, [column for column in right if column < len(rows[0])])
    return ["", page.ink("bold", head), *lines]
