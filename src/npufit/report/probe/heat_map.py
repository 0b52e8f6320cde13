"""Which questions stand on which heat map: those of one operator, over the two quantities that its limits are on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from npufit.formatting import printable
from npufit.probing.asking import End
from npufit.report.probe.document import limit_entry
from npufit.report.probe.sights import Sight
from npufit.report.probe.words import accepted_words, where_words
from npufit.stacks.probed import Condition, Limit, Value, holds_for, keeps_to, value_of

_ORDER = (
    *("w", "h", "ofm_w", "ofm_h", "kw", "kh", "stride_w", "stride_h", "dilation_w", "dilation_h"),
    *("c", "ofm_c", "batch", "depth_multiplier", "rank"),
)
"""The earlier of two quantities is drawn to the right; a product or a number of bytes before all of these."""
_PARTNERS = (
    *(("h", "w"), ("kh", "kw"), ("ofm_h", "ofm_w"), ("stride_h", "stride_w"), ("dilation_h", "dilation_w")),
    ("c", "ofm_c"),
)
_ENOUGH = 3
"""With fewer values of its partner, a quantity is drawn over the one that was varied most."""
_MOST_SPOTS = 600


_Columns = Mapping[str, Sequence[Value | None]]
"""The values of each quantity, in the order of the questions."""


class Outcome(StrEnum):
    """What became of the questions at a place: the first that applies."""

    BROKEN = "breaks the tool"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    ELSEWHERE = "refused for another reason"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a map, what became of the questions there, and their number."""

    x: int
    y: int
    outcome: Outcome
    questions: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The questions about one operator over two quantities, and the limits on them, which hold under one condition."""

    operator: str
    x: str
    y: str
    limits: tuple[Limit, ...]
    spots: tuple[Spot, ...]

    @property
    def title(self) -> str:
        """The limits in words."""
        entries = [limit_entry(limit) for limit in self.limits]
        bounds = " and ".join(accepted_words(entry) for entry in entries)
        return f"{printable(self.operator)}: {bounds}{where_words(entries[0].when)}"


def heat_maps(limits: Sequence[Limit], sights: Sequence[Sight]) -> list[HeatMap]:
    """Return a map for the limits of one operator on numbers; limits on the same two quantities share one."""
    shared: dict[tuple[str, str, tuple[Condition, ...]], list[Limit]] = {}
    columns = {name: [value_of(name, sight.measured) for sight in sights] for name in _ORDER}
    for limit in limits:
        axes = _axes(limit.quantity, sights, columns) if _is_on_numbers(limit) else None
        if axes is not None:
            shared.setdefault((*axes, limit.when), []).append(limit)
    maps = [HeatMap(own[0].operator, x, y, tuple(own), _spots(x, y, own, sights)) for (x, y, _), own in shared.items()]
    return [found for found in maps if found.spots]


def _is_on_numbers(limit: Limit) -> bool:
    return limit.limit is not None or all(isinstance(value, int) for value in (*limit.accepted, *limit.refused))


def _axes(quantity: str, sights: Sequence[Sight], columns: _Columns) -> tuple[str, str] | None:
    """Return the two quantities of a map, None if nothing was varied beside a limit's own."""
    *most, last = quantity.split("*")
    second = last if most else _partner(quantity, sights, columns)
    if second is None:
        return None
    x, y = sorted(("*".join(most) or quantity, second), key=_place)
    return x, y


def _place(quantity: str) -> int:
    return _ORDER.index(quantity) if quantity in _ORDER else -1


def _partner(quantity: str, sights: Sequence[Sight], columns: _Columns) -> str | None:
    """Return the quantity to draw another one over: the other of its pair, or the one varied most beside it."""
    own = columns[quantity] if quantity in columns else [value_of(quantity, sight.measured) for sight in sights]
    counts = {name: _values_beside(own, column) for name, column in columns.items() if name != quantity}
    partner = next((b if quantity == a else a for a, b in _PARTNERS if quantity in (a, b)), None)
    if partner is not None and counts[partner] >= _ENOUGH:
        return partner
    varied = max(counts, key=lambda name: counts[name])
    return varied if counts[varied] else None


def _values_beside(own: Sequence[Value | None], other: Sequence[Value | None]) -> int:
    """Return how many values there are in `other`, 0 if they are bound to `own`."""
    known = {place for place in zip(own, other, strict=True) if None not in place}
    first, second = len({place[0] for place in known}), len({place[1] for place in known})
    return second if 2 * (len(known) - max(first, second)) >= min(first, second) - 1 > 0 else 0


def _spots(x: str, y: str, limits: Sequence[Limit], sights: Sequence[Sight]) -> tuple[Spot, ...]:
    """Return the places of the questions for which the limits hold, those with the loudest outcome first."""
    outcomes: dict[tuple[int, int], Outcome] = {}
    questions: Counter[tuple[int, int]] = Counter()
    ranks = list(Outcome)
    for sight in sights:
        place = value_of(x, sight.measured), value_of(y, sight.measured)
        if not (isinstance(place[0], int) and isinstance(place[1], int)) or not holds_for(limits[0], sight.measured):
            continue
        place = place[0], place[1]
        outcome = _outcome(limits, sight)
        questions[place] += 1
        outcomes[place] = min(outcomes.get(place, outcome), outcome, key=ranks.index)
    ordered = sorted(outcomes, key=lambda place: (ranks.index(outcomes[place]), place))
    return tuple(Spot(*place, outcomes[place], questions[place]) for place in ordered[:_MOST_SPOTS])


def _outcome(limits: Sequence[Limit], sight: Sight) -> Outcome:
    if sight.is_accepted:
        return Outcome.ACCEPTED
    is_beyond = any(keeps_to(limit, sight.measured) is False for limit in limits)
    if sight.end is not End.FINE:
        return Outcome.BROKEN
    return Outcome.REFUSED if is_beyond else Outcome.ELSEWHERE
