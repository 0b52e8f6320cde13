"""What a probe found out about a converter, in the form in which rule files keep it and placements use it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from npufit.stacks.rule import Evidence

Value = int | str
"""The value of a quantity: a number (`w`: 224), or a word (`padding`: SAME)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The base of every table of a rule file, as pydantic reads it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"strict": True, "extra": "forbid"}


class Relation(StrEnum):
    """How accepted values of a quantity relate to the limit."""

    AT_MOST = "<="
    AT_LEAST = ">="
    MULTIPLE_OF = "multiple-of"
    ONE_OF = "one-of"
    """Accepted are the values of `Limit.accepted`; `Limit.refused` are those that were seen to be refused."""
    NONE_OF = "none-of"
    """Refused are the values of `Limit.refused` alone, between values that are accepted."""


class Beyond(StrEnum):
    """What happens to an operator beyond a limit."""

    REFUSED = "refused"
    """It stays on the CPU."""
    ERROR = "error"
    """The converter ends with an error, so the whole model fails."""
    CRASH = "crash"
    """The converter dies, so the whole model fails."""
    TIMEOUT = "timeout"
    """The converter does not end within its time limit."""


class Confidence(StrEnum):
    """How well a limit was tested."""

    CONFIRMED = "confirmed"
    """Fresh questions on both sides, with other values of everything else, gave the expected answers."""
    TESTED = "tested"
    """It explains all answers, but fresh questions were not possible or not within the budget."""
    AMBIGUOUS = "ambiguous"
    """Other quantities explain the answers as well; `Limit.alternatives` names them."""


@dataclass(frozen=True, slots=True)
class Condition(Entry):
    """A limit holds only where `quantity` satisfies this: `stride_h >= 4`, or `padding one-of SAME`."""

    quantity: str
    relation: Relation
    limit: int | None = None
    accepted: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit(Entry):
    """One limit of a converter: `operator` is taken if `quantity` `relation` `limit`, where all of `when` hold.

    `operator` is a type such as CONV_2D. `quantity` is a name of `quantities` or a product of names such as `w*c`.
    `limit` is the largest accepted value (the smallest for AT_LEAST, the divisor for MULTIPLE_OF); None for sets,
    whose values are in `accepted` and `refused`. `next_refused` is the nearest refused value. `questions` counts
    those spent on it. `alternatives` are quantities that the answers do not tell from this one.
    """

    operator: str
    quantity: str
    relation: Relation
    limit: int | None
    questions: int
    accepted: tuple[Value, ...] = ()
    refused: tuple[Value, ...] = ()
    next_refused: int | None = None
    when: tuple[Condition, ...] = ()
    beyond: Beyond = Beyond.REFUSED
    confidence: Confidence = Confidence.TESTED
    alternatives: tuple[str, ...] = ()
    evidence: Evidence = Evidence.EXECUTED


class Scope(StrEnum):
    """What a converter decides over."""

    OPERATOR = "operator"
    """Each operator alone; its neighbours change nothing."""
    SEGMENT = "segment"
    """Runs of operators between those that it never takes."""
    GRAPH = "graph"
    """The whole model."""


class Kept(StrEnum):
    """What is left on the NPU of a group that is too large as a whole."""

    NOTHING = "nothing"
    SUFFIX = "suffix"
    """The last operators, as many as fit."""
    PREFIX = "prefix"
    """The first operators, as many as fit."""
    OTHERS = "others"
    """All but the operators that are too large on their own."""


@dataclass(frozen=True, slots=True)
class GroupLimit(Entry):
    """A limit on a group of operators, which no single operator explains.

    `quantity` is a name of `graph_quantities`, such as `activation_bytes`. `limit` is the largest accepted value.
    `beyond` says what happens to a larger group; unless it is REFUSED, the whole model fails, whatever `kept` says.
    """

    scope: Scope
    quantity: str
    limit: int
    next_refused: int | None
    kept: Kept
    questions: int
    beyond: Beyond = Beyond.REFUSED
    confidence: Confidence = Confidence.TESTED
    alternatives: tuple[str, ...] = ()
    evidence: Evidence = Evidence.EXECUTED


@dataclass(frozen=True, slots=True)
class Separator(Entry):
    """An operator type that is never taken and whose place changes what happens to its neighbours.

    `kept` says what is left of the operators around it: OTHERS if only the separator itself is lost, SUFFIX if what
    comes before it is lost, PREFIX if what comes after it is.
    """

    operator: str
    kept: Kept
    questions: int
    evidence: Evidence = Evidence.EXECUTED


@dataclass(frozen=True, slots=True)
class Crash(Entry):
    """One model on which the converter died, did not end, or ended with an error, while its neighbours pass.

    `values` are the quantities of the model; `message` the last words.
    """

    operator: str
    beyond: Beyond
    values: tuple[tuple[str, Value], ...]
    message: str
    evidence: Evidence = Evidence.EXECUTED
