"""The search: fewer operators, smaller sizes, plainer details, over and over until nothing can go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from npufit.graph import Model
from npufit.probing.shrinking.fewer_operators import fewest, keep_operators
from npufit.probing.shrinking.hunt import Hunt
from npufit.probing.shrinking.plainer_details import plainer
from npufit.probing.shrinking.smaller_sizes import Knob, knobs_of, with_sizes


def make_smaller(model: Model, hunt: Hunt) -> Iterator[tuple[str, Model]]:
    """Yield smaller and smaller models that show the symptom, with what became smaller in words.

    Raises SpentError when the budget is spent: the last model that it yielded is the smallest.
    """
    changed = True
    while changed:
        changed = False
        for stage in (_fewer_operators, _smaller_groups, _smaller_knobs, _plainer_details):
            for words, smaller in stage(model, hunt):
                model, changed = smaller, True
                yield words, model


def _fewer_operators(model: Model, hunt: Hunt) -> Iterator[tuple[str, Model]]:
    count = len(model.main.operators)
    if count == 1:
        return
    kept = fewest(count, lambda operators: hunt.shows(keep_operators(model, operators)))
    if len(kept) < count:
        yield "operators", keep_operators(model, kept)


def _smaller_groups(model: Model, hunt: Hunt) -> Iterator[tuple[str, Model]]:
    """Turn sizes of one kind and number together, so that branches that meet again stay equal."""
    alike = sorted(knobs_of(model), key=lambda knob: (-knob.size, knob.kind))
    for (size, kind), group in groupby(alike, key=lambda knob: (knob.size, knob.kind)):
        knobs = [knob for knob in group if knob in knobs_of(model)]
        smaller = _smallest(model, knobs, size, hunt)
        if smaller is not None:
            model = smaller
            yield kind, model


def _smaller_knobs(model: Model, hunt: Hunt) -> Iterator[tuple[str, Model]]:
    for knob in knobs_of(model):
        smaller = _smallest(model, [knob], knob.size, hunt) if knob in knobs_of(model) else None
        if smaller is not None:
            model = smaller
            yield knob.kind, model


def _plainer_details(model: Model, hunt: Hunt) -> Iterator[tuple[str, Model]]:
    tried = True
    while tried:
        found = next(((words, it) for words, it in plainer(model) if hunt.shows(it)), None)
        tried = found is not None
        if found is not None:
            words, model = found
            yield words, model


def _smallest(model: Model, knobs: Sequence[Knob], size: int, hunt: Hunt) -> Model | None:
    """Return the model with the smallest size of `knobs` that shows the symptom, None if only their own does.

    Doubling from 1 meets a symptom that begins at some size, halving finds where.
    """

    def at(wanted: int) -> Model | None:
        candidate = with_sizes(model, dict.fromkeys(knobs, wanted))
        return candidate if hunt.shows(candidate) else None

    if not knobs:
        return None
    without, found, wanted = 0, None, 1
    while wanted < size and found is None:
        found = at(wanted)
        if found is None:
            without, wanted = wanted, 2 * wanted
    upper = wanted if found is not None else size
    while upper - without > 1:
        middle = (without + upper) // 2
        candidate = at(middle)
        if candidate is None:
            without = middle
        else:
            upper, found = middle, candidate
    return found
