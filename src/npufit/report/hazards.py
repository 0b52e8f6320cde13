"""Hazards in words: their counts and effects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from npufit.formatting import plural
from npufit.stacks import Effect, Hazard

_EFFECTS = {
    Effect.CRASH: ("crashes the process", "crash the process"),
    Effect.FAILS: ("makes the inference fail", "make the inference fail"),
}
"""The effects of hazards other than a wrong answer, in the singular and the plural."""

_EFFECT_WORDS = {
    Effect.CRASH: ("the process crashes", "the process may crash"),
    Effect.FAILS: ("the inference fails with an error", "the inference may fail with an error"),
    Effect.WRONG: ("the answer is or may be wrong", "the answer is or may be wrong"),
}
"""The consequences of hazards, certain and uncertain."""


def hazards_in_words(effect: Effect, hazards: Sequence[Hazard]) -> str:
    """Return hazards of one effect, such as `1 hazard that crashes the process (rocket.unfusable-add)`."""
    rules = hazard_counts(hazards)
    which = hazards[0].rule.id if len(rules) == 1 else ", ".join(rules)
    return f"{count_hazards(effect, hazards)} ({which})"


def count_hazards(effect: Effect, hazards: Sequence[Hazard]) -> str:
    """Return how many hazards of one effect there are, such as `1 hazard that crashes the process`."""
    clause = ""
    if effect in _EFFECTS:
        certain = any(hazard.certain for hazard in hazards)
        clause = f" that {_EFFECTS[effect][len(hazards) > 1] if certain else f'may {_EFFECTS[effect][1]}'}"
    return f"{plural(len(hazards), 'hazard')}{clause}"


def effect_words(effect: Effect, hazards: Iterable[Hazard]) -> str:
    """Return the consequence of hazards of one effect, such as `the process crashes`."""
    return _EFFECT_WORDS[effect][not any(hazard.certain for hazard in hazards)]


def hazards_by_effect(hazards: Iterable[Hazard]) -> dict[Effect, list[Hazard]]:
    """Return hazards by effect, the worst first."""
    groups: dict[Effect, list[Hazard]] = {}
    for hazard in sorted(hazards, key=lambda hazard: hazard.effect.severity):
        groups.setdefault(hazard.effect, []).append(hazard)
    return groups


def hazard_counts(hazards: Iterable[Hazard]) -> list[str]:
    """Return the hazards by rule, such as `ethosu.brick-order` or `4 ethosu.pad-folded`."""
    counts = Counter(hazard.rule.id for hazard in hazards)
    return [rule if count == 1 else f"{count} {rule}" for rule, count in counts.items()]


def hazard_cell(hazards: Iterable[Hazard]) -> str:
    """Return the hazards for a table cell, such as `wrong: 4 ethosu.pad-folded`; `-` if there are none."""
    groups = hazards_by_effect(hazards)
    if set(groups) <= {Effect.WRONG}:
        return ", ".join(hazard_counts(groups.get(Effect.WRONG, ()))) or "-"
    return "; ".join(f"{effect}: {', '.join(hazard_counts(found))}" for effect, found in groups.items())


def effects_cell(hazards: Iterable[Hazard]) -> str:
    """Return the hazards by effect for a cell of a table, such as `1 crash, 4 wrong`; `-` without any."""
    return ", ".join(f"{len(found)} {effect}" for effect, found in hazards_by_effect(hazards).items()) or "-"


def effects_words(effects: Sequence[Effect]) -> str:
    """Return the effects of a rule's hazards, such as `crash: the process crashes`, separated by semicolons."""
    return "; ".join(f"{effect}: {_EFFECT_WORDS[effect][0]}" for effect in effects)
