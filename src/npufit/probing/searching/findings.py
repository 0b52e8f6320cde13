"""What the search of one space found."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.probing.asking import Answer
from npufit.probing.questions import Point
from npufit.stacks.probed import Crash, GroupLimit, Limit, Separator, Value


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its answer."""

    point: Point
    answer: Answer
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one axis was searched without meeting a limit that holds everywhere."""

    axis: str
    accepted: tuple[Value, ...]
    """Everything that was accepted with the other axes at their base, in order."""
    refused: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class OperatorFindings:
    """What was found out about one operator type.

    `is_taken` is False if no model of it was accepted. `asked` are all questions in the order in which they were
    asked. `unexplained` are sentences on answers that no limit explains; `is_complete` is False if the budget ended
    the search.
    """

    operator: str
    is_taken: bool
    limits: tuple[Limit, ...]
    crashes: tuple[Crash, ...]
    reaches: tuple[Reach, ...]
    asked: tuple[Asked, ...]
    unexplained: tuple[str, ...] = ()
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class GroupFindings:
    """What chains of operators showed beyond single ones."""

    limits: tuple[GroupLimit, ...]
    separators: tuple[Separator, ...]
    crashes: tuple[Crash, ...]
    asked: tuple[Asked, ...]
    statements: tuple[str, ...]
    """What is known about groups, in sentences, the most important first."""
    is_complete: bool = True
