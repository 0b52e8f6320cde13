"""Hazards in words: how many of which, and what they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from npufit.formatting import plural
from npufit.stacks import Effect, Hazard

_EFFECTS = {
    Effect.CRASH: ("crashes the process", "crash the process"),
    Effect.FAILS: ("makes the inference fail", "make the inference fail"),
}
"""What hazards do besides giving a wrong answer, said of one and of several."""

_EFFECT_WORDS = {
    Effect.CRASH: ("the process crashes", "the process may crash"),
    Effect.FAILS: ("the inference fails with an error", "the inference may fail with an error"),
    Effect.WRONG: ("the answer is or may be wrong", "the answer is or may be wrong"),
}
"""What comes of hazards, where it is certain and where it is not."""


def hazards_in_words(effect: Effect, hazards: Sequence[Hazard]) -> str:
    """Return hazards of one effect, such as `1 hazard that crashes the process (rocket.unfusable-add)`."""
    rules = hazard_counts(hazards)
    which = hazards[0].rule.id if len(rules) == 1 else ", ".join(rules)
    clause = ""
    if effect in _EFFECTS:
        certain = any(hazard.certain for hazard in hazards)
        clause = f" that {_EFFECTS[effect][len(hazards) > 1] if certain else f'may {_EFFECTS[effect][1]}'}"
    return f"{plural(len(hazards), 'hazard')}{clause} ({which})"


def effect_words(effect: Effect, hazards: Iterable[Hazard]) -> str:
    """Return what comes of hazards of one effect, such as `the process crashes`."""
    return _EFFECT_WORDS[effect][not any(hazard.certain for hazard in hazards)]


def hazards_by_effect(hazards: Iterable[Hazard]) -> dict[Effect, list[Hazard]]:
    """Return hazards by what they do, the worst first."""
    groups: dict[Effect, list[Hazard]] = {}
    for hazard in sorted(hazards, key=lambda hazard: hazard.effect.severity):
        groups.setdefault(hazard.effect, []).append(hazard)
    return groups


def hazard_counts(hazards: Iterable[Hazard]) -> list[str]:
    """Return the hazards by rule, such as `ethosu.brick-order` or `4 ethosu.pad-folded`."""
    counts = Counter(hazard.rule.id for hazard in hazards)
    return [rule if count == 1 else f"{count} {rule}" for rule, count in counts.items()]


def hazard_cell(hazards: Iterable[Hazard]) -> str:
    """Return the hazards for a cell of a table, such as `wrong: 4 ethosu.pad-folded`; `-` where there are none."""
    groups = hazards_by_effect(hazards)
    if set(groups) <= {Effect.WRONG}:
        return ", ".join(hazard_counts(groups.get(Effect.WRONG, ()))) or "-"
    return "; ".join(f"{effect}: {', '.join(hazard_counts(found))}" for effect, found in groups.items())


def effects_words(effects: Sequence[Effect]) -> str:
    """Return what a rule's hazards do, such as `crash: the process crashes; wrong: the answer is or may be wrong`."""
    return "; ".join(f"{effect}: {_EFFECT_WORDS[effect][0]}" for effect in effects)
