"""What operators that a converter never takes do to their neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from npufit.probing.asking import End
from npufit.probing.searching.groups.chain import AnsweredChain
from npufit.stacks.probed import Kept, Separator


def find_separators(chains: Sequence[AnsweredChain], types: frozenset[str]) -> tuple[Separator, ...]:
    """Return what each type outside `types` costs its neighbours in small chains, if one form fits all."""
    by_type: dict[str, list[AnsweredChain]] = {}
    for one in chains:
        kind = str(one.chain.point["between"])
        if kind != "nothing" and kind not in types and one.answer.end is End.FINE and kind in one.chain.types:
            by_type.setdefault(kind, []).append(one)
    found = ((kind, _common_form(kind, ones), len(ones)) for kind, ones in by_type.items())
    return tuple(Separator(kind, kept, count) for kind, kept, count in found if kept is not None)


def _common_form(kind: str, chains: Sequence[AnsweredChain]) -> Kept | None:
    """Return the one form that all answers have, None if there is none."""
    forms = [_forms(kind, one) for one in chains]
    return next((kept for kept in Kept if all(kept in form for form in forms)), None)


def _forms(kind: str, one: AnsweredChain) -> Mapping[Kept, None]:
    """Return what may be said of one answer: which of the parts between the separators are on the NPU."""
    indices = range(len(one.npu))
    parts = [
        [one.npu[index] for index in run]
        for is_separator, run in groupby(indices, key=lambda index: one.chain.types[index] == kind)
        if not is_separator
    ]
    patterns = {
        Kept.OTHERS: [True] * len(parts),
        Kept.SUFFIX: [False] * (len(parts) - 1) + [True],
        Kept.PREFIX: [True] + [False] * (len(parts) - 1),
        Kept.NOTHING: [False] * len(parts),
    }
    return dict.fromkeys(
        kept
        for kept, pattern in patterns.items()
        if all(all(taken == wanted for taken in part) for part, wanted in zip(parts, pattern, strict=True))
    )
