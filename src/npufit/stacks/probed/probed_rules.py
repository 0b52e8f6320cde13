"""The limits of one converter, as a probe found them: what a rule file contains."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.stacks.probed.limit import Crash, GroupLimit, Limit, Separator


@dataclass(frozen=True, slots=True)
class Probed:
    """One operator type that was asked about; `is_taken` is False if no model of it was accepted."""

    operator: str
    is_taken: bool
    questions: int


@dataclass(frozen=True, slots=True)
class ProbedRules:
    """Everything that a placement needs to know of a converter that is not at hand.

    `name` is the file's or the converter's name in reports. `target` is the target that the converter compiles for,
    as a user writes it, empty if it is no target of npufit. `tool` and `version` are what answered; `identity` tells
    it from others; `questions` is their number in all, `seed` and `made_by` (npufit's version) say how to repeat
    them. Operator types that are not in `operators` were not asked about: they are unknown.
    """

    name: str
    target: str
    tool: str
    version: str
    identity: tuple[str, ...]
    questions: int
    seed: int
    made_by: str
    operators: tuple[Probed, ...]
    limits: tuple[Limit, ...] = ()
    groups: tuple[GroupLimit, ...] = ()
    separators: tuple[Separator, ...] = ()
    crashes: tuple[Crash, ...] = ()
