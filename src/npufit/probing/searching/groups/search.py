"""The search for limits on groups of operators: what a converter takes alone, but not together."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Sequence

from npufit.probing.asking import Answer, End, Unanswered
from npufit.probing.questions import LINKS, Point
from npufit.probing.searching.findings import GroupFindings
from npufit.probing.searching.groups.chain import AnsweredChain, Chain
from npufit.probing.searching.groups.closing_in import chain_between, chains_around
from npufit.probing.searching.groups.exploring import (
    EDGE_HEIGHT,
    WIDEST,
    edge_chains,
    growing_chains,
    interrupted_chains,
    single_links,
    telling_chains,
)
from npufit.probing.searching.groups.known import Known
from npufit.probing.searching.groups.notebook import Asking, Notebook
from npufit.probing.searching.groups.separating import find_separators
from npufit.probing.searching.groups.telling import most_telling
from npufit.probing.searching.groups.theory import (
    COARSE,
    COVERING,
    THEORIES,
    Bounds,
    Theory,
    bound,
    failing,
    predict,
)
from npufit.probing.searching.groups.wording import state_findings
from npufit.probing.searching.inquiry import Inquiry
from npufit.stacks.probed import Beyond, Confidence, Crash, GroupLimit

_DTYPES = ("int8", "uint8", "int16", "float32")
_MOST_ROUNDS = 60
_MOST_ATTEMPTS = 3
_FRESH = 4
_LENGTH_OF_A_NETWORK = 32
_BEYOND = {
    End.FINE: Beyond.REFUSED,
    End.ERROR: Beyond.ERROR,
    End.CRASH: Beyond.CRASH,
    End.TIMEOUT: Beyond.TIMEOUT,
}


def search_groups(seed: int) -> Inquiry[GroupFindings]:
    """Ask about chains of operators, and return what the converter does with groups of them."""
    known = Known(Notebook())
    is_complete = True
    try:
        yield from _search(known, seed)
    except Unanswered:
        is_complete = False
    return GroupFindings(
        limits=tuple(known.limits),
        separators=known.separators,
        crashes=tuple(known.crashes),
        asked=tuple(known.notebook.asked),
        statements=state_findings(known),
        is_complete=is_complete,
    )


def _search(known: Known, seed: int) -> Asking:
    notebook = known.notebook
    for dtype in _DTYPES:
        singles = single_links(notebook, dtype)
        yield from notebook.ask(singles)
        known.links = tuple(kind for kind, point in zip(LINKS, singles, strict=True) if _is_taken(notebook, point))
        if known.links:
            known.dtype = dtype
            break
    else:
        yield from _find_least_length(known)
        return
    yield from notebook.ask(interrupted_chains(notebook, known.links[0], known.dtype))
    known.separators = find_separators(notebook.chains(), notebook.taken_types())
    yield from notebook.ask(growing_chains(notebook, known.links, known.dtype))
    yield from _explore_edge(known)
    for end in (End.ERROR, End.CRASH, End.TIMEOUT):
        if any(one.answer.end is end and one.fails_together for one in notebook.chains()):
            yield from _find_limit(known, failing(end), seed)
    losing = _losing(known)
    if losing:
        is_clear = any(not one.is_disturbed for one in losing)
        for theories in (THEORIES, COARSE) if is_clear else (COVERING,):
            yield from _find_limit(known, theories, seed)
            if not known.unexplained:
                break


def _find_least_length(known: Known) -> Asking:
    """Find how long a chain must be, if no operator is taken alone."""
    notebook = known.notebook
    start = notebook.point(links=LINKS[0], dtype=_DTYPES[0])
    refused, taken = 1, _LENGTH_OF_A_NETWORK
    yield from notebook.ask([start.moved(length=taken)])
    if not _is_taken(notebook, start.moved(length=taken)):
        return
    while taken - refused > 1:
        middle = (taken + refused) // 2
        yield from notebook.ask([start.moved(length=middle)])
        taken, refused = (middle, refused) if _is_taken(notebook, start.moved(length=middle)) else (taken, middle)
    known.least_length = taken


def _explore_edge(known: Known) -> Asking:
    """Find how wide a single link may be, and ask about chains of such links."""
    notebook = known.notebook
    single = notebook.point(links=known.links[0], length=1, dtype=known.dtype, h=EDGE_HEIGHT)
    taken, refused = int(single["w"]), WIDEST
    yield from notebook.ask([single.moved(w=refused)])
    if _is_taken(notebook, single.moved(w=refused)):
        return
    while refused - taken > 1:
        middle = (taken + refused) // 2
        yield from notebook.ask([single.moved(w=middle)])
        taken, refused = (middle, refused) if _is_taken(notebook, single.moved(w=middle)) else (taken, middle)
    yield from notebook.ask(edge_chains(notebook, known.links[0], known.dtype, taken))


def _find_limit(known: Known, theories: Sequence[Theory], seed: int) -> Asking:
    """Find which of `theories` holds, and its limit; adds what it finds to `known`."""
    notebook, before = known.notebook, len(known.notebook.asked)
    candidates = telling_chains(
        notebook, known.links, [separator.operator for separator in known.separators], known.dtype, seed
    )
    is_confirmed = False
    alive = _alive(known, theories)
    try:
        for _ in range(_MOST_ATTEMPTS):
            for _ in range(_MOST_ROUNDS):
                points = _next_questions(known, alive, candidates)
                if not points:
                    break
                yield from notebook.ask(points)
                alive = _alive(known, alive)
            is_confirmed = yield from _confirm(known, alive, candidates)
            alive = _alive(known, alive)
            if is_confirmed or not alive:
                break
    finally:
        _conclude(known, _alive(known, alive), theories[0].end, len(notebook.asked) - before, is_confirmed=is_confirmed)


def _alive(known: Known, theories: Iterable[Theory]) -> dict[Theory, Bounds]:
    """Return the theories that agree with all answers, with the bounds of their limits."""
    ground, chains = known.ground, known.notebook.chains()
    return {theory: bounds for theory in theories if (bounds := bound(theory, ground, chains)) is not None}


def _next_questions(known: Known, alive: dict[Theory, Bounds], candidates: Sequence[Point]) -> list[Point]:
    """Return the chains that tell the theories apart, or else those that close in on the limit of the first one."""
    if not alive:
        return []
    notebook, ground = known.notebook, known.ground
    if len(alive) > 1:
        points = most_telling(_unasked(notebook, candidates), alive, ground)
        if points:
            return points
    for theory, bounds in alive.items():
        chain = chain_between(notebook, known.links[0], known.dtype, theory, bounds, ground)
        if chain is not None:
            return [chain.point]
    if len(alive) > 1:
        sized = [
            point for theory, bounds in alive.items() for point in chains_around(notebook, candidates, theory, bounds)
        ]
        return most_telling(_unasked(notebook, sized), alive, ground)
    return []


def _unasked(notebook: Notebook, points: Sequence[Point]) -> list[Chain]:
    """Return the chains of those points that were not asked about."""
    open_points = (point for point in dict.fromkeys(points) if point not in notebook.answers)
    return [chain for point in open_points if (chain := notebook.draw(point)) is not None]


def _confirm(
    known: Known, alive: dict[Theory, Bounds], candidates: Sequence[Point]
) -> Generator[Sequence[Point], Sequence[Answer], bool]:
    """Ask fresh chains on both sides of the limit; return whether there were any, and all answers were expected."""
    if not alive:
        return False
    theory, bounds = next(iter(alive.items()))
    ground, notebook = known.ground, known.notebook
    sides: dict[bool, list[Point]] = {True: [], False: []}
    for point in itertools.chain(chains_around(notebook, candidates, theory, bounds), candidates):
        drawn = notebook.draw(point) if point not in notebook.answers else None
        foreseen = None if drawn is None else predict(theory, bounds, ground, drawn)
        if drawn is None or foreseen is None:
            continue
        side = sides[foreseen == ground.left(drawn)]
        if len(side) < _FRESH:
            side.append(point)
        if all(len(points) == _FRESH for points in sides.values()):
            break
    yield from notebook.ask([*sides[True], *sides[False]])
    return all(sides.values()) and theory in _alive(known, [theory])


def _conclude(known: Known, alive: dict[Theory, Bounds], end: End, questions: int, *, is_confirmed: bool) -> None:
    """Add the limit that explains the answers, or the failures themselves if none does."""
    known.unexplained = 0
    for theory, bounds in alive.items():
        if bounds.refused is None:
            continue
        known.keeps_fewer |= theory.keeps_fewer
        others = {other.quantity for other in alive if (other.scope, other.kept) == (theory.scope, theory.kept)}
        alternatives = tuple(sorted(others - {theory.quantity}))
        confidence = Confidence.CONFIRMED if is_confirmed else Confidence.TESTED
        known.limits.append(
            GroupLimit(
                theory.scope,
                theory.quantity,
                bounds.taken,
                bounds.refused,
                theory.kept,
                questions,
                _BEYOND[end],
                Confidence.AMBIGUOUS if alternatives else confidence,
                alternatives,
            )
        )
        return
    failed = [one for one in known.notebook.chains() if one.answer.end is end and one.fails_together]
    if end is End.FINE:
        known.unexplained = len(_losing(known))
        return
    known.crashes += [Crash("*", _BEYOND[end], one.chain.point.values, one.answer.message) for one in failed]


def _losing(known: Known) -> list[AnsweredChain]:
    """Return the chains that lose operators which are taken alone, beyond what separators cost."""
    ground, chains = known.ground, known.notebook.chains()
    converted = (one for one in chains if one.answer.end is End.FINE and one.lost)
    return [one for one in converted if any(ground.left(one.chain)[index] for index in one.lost)]


def _is_taken(notebook: Notebook, point: Point) -> bool:
    answer = notebook.answers.get(point)
    return answer is not None and answer.is_accepted
