"""What is known about groups, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npufit.formatting import plural
from npufit.probing.asking import End
from npufit.probing.searching.groups.known import Known
from npufit.probing.searching.groups.notebook import Notebook
from npufit.stacks.probed import GRAPH_QUANTITIES, Beyond, GroupLimit, Kept, Scope, Separator

_SCOPES = {
    Scope.OPERATOR: "An operator",
    Scope.SEGMENT: "A segment between operators that stay on the CPU",
    Scope.GRAPH: "A whole graph",
}
_LEFT = {
    Kept.NOTHING: "a larger one is not taken at all",
    Kept.SUFFIX: "of a larger one only the last operators that fit are kept",
    Kept.PREFIX: "of a larger one only the first operators that fit are kept",
    Kept.OTHERS: "of a larger one only the operators that are too large stay on the CPU",
}
_FAILING = {
    Beyond.ERROR: "with more, the conversion ends with an error",
    Beyond.CRASH: "with more, the converter crashes",
    Beyond.TIMEOUT: "with more, the converter does not end in time",
}
_AROUND = {
    Kept.NOTHING: "stays on the CPU, and so does everything else",
    Kept.SUFFIX: "stays on the CPU, and so does all that comes before the last one",
    Kept.PREFIX: "stays on the CPU, and so does all that comes after the first one",
}


def state_findings(known: Known) -> tuple[str, ...]:
    """Return what is known about groups, the most important first."""
    return tuple(_sentences(known))


def _sentences(known: Known) -> Iterator[str]:
    if known.least_length is not None:
        yield f"No operator is taken alone: a graph needs at least {known.least_length} of them."
        return
    if not known.links:
        yield "Nothing is known about groups: no operator that chains are made of is taken alone."
        return
    for limit in known.limits:
        yield _limit(limit)
    if known.keeps_fewer:
        yield "What is kept of a larger one is less than would fit: the converter does not try every size."
    for separator in known.separators:
        if separator.kept in _AROUND:
            yield f"{separator.operator} {_AROUND[separator.kept]}."
    if known.unexplained:
        chains = plural(known.unexplained, "chain")
        yield f"No single limit on groups explains {chains} with operators that are taken alone, but not there."
    elif not known.limits:
        yield _no_limit(known.notebook, known.separators)
    alone = [separator.operator for separator in known.separators if separator.kept is Kept.OTHERS]
    if alone:
        yield f"On the CPU without any effect on neighbours: {', '.join(alone)}."
    if known.limits and not known.separators:
        yield "No operator that is never taken was found, so a limit on segments looks like one on the whole graph."


def _limit(limit: GroupLimit) -> str:
    after = _LEFT[limit.kept] if limit.beyond is Beyond.REFUSED else _FAILING[limit.beyond]
    most = f"{limit.limit:,} {GRAPH_QUANTITIES[limit.quantity]}"
    return f"{_SCOPES[limit.scope]} is taken with at most {most}; {after}."


def _no_limit(notebook: Notebook, separators: Sequence[Separator]) -> str:
    """Return how far chains were taken as their operators are alone."""
    is_split = any(separator.kept is not Kept.OTHERS for separator in separators)
    whole = [one for one in notebook.chains() if one.answer.end is End.FINE and not one.lost]
    most = max((len(one.chain.links) for one in whole if all(one.npu)), default=0)
    start = "Otherwise each" if is_split else "Each"
    return f"{start} operator is decided alone, in {len(whole)} chains of up to {most} operators on the NPU."
