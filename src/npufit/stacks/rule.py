"""The form of a rule: why a stack refuses an operator, or why an accepted operator may be wrong.

A rule is one object. Messages, JSON, SARIF and the documentation page are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """The evidence for a statement, from the strongest to the weakest."""

    EXECUTED = "executed"
    """Read from the compiled file, the delegate or the log of the user's own run, or shown by execution."""
    SOURCE = "source"
    """Read in the stack's source code."""
    DOCUMENTED = "documented"
    """Stated by the stack's maker."""
    OBSERVED = "observed"
    """A public measurement or report."""
    INFERRED = "inferred"
    """Concluded from one of the above for a version or case that it does not cover."""


class RuleKind(StrEnum):
    """What a rule is about."""

    REFUSAL = "refusal"
    """The operator does not run on the NPU."""
    HAZARD = "hazard"
    """The operator is accepted, but its answer is, or may be, wrong or missing."""
    UNKNOWN = "unknown"
    """Nobody outside the vendor knows what happens to the operator."""


class Effect(StrEnum):
    """The effect of a hazard on the model's user, from the loudest to the quietest."""

    CRASH = "crash"
    """The whole process dies: it reads or writes invalid memory, or stops at an assertion."""
    FAILS = "fails"
    """An error is returned instead of an answer: when the model is loaded, prepared or run."""
    WRONG = "wrong"
    """An answer is returned that is, or may be, wrong; also if nothing more is known."""

    @property
    def severity(self) -> int:
        """The severity: 0 is the worst."""
        return tuple(Effect).index(self)


class Stage(StrEnum):
    """The part of the stack that decides."""

    FRONTEND_UNMAPPED = "frontend-unmapped"
    """The delegate has no translation for the operator type."""
    FRONTEND_CHECK = "frontend-check"
    """The delegate translates the type but refuses this operator."""
    DRIVER_CHECK = "driver-check"
    """The driver behind the delegate refuses the operator."""
    COMPILER = "compiler"
    """The offline compiler leaves the operator on the CPU."""
    EXECUTION = "execution"
    """Nothing refuses the operator, but the execution differs from the model."""
    UNDECIDED = "undecided"
    """The deciding part is closed and was not run."""
    UNASKED = "unasked"
    """The limits of a probe decide, and the probe asked nothing like it."""


class RemedyKind(StrEnum):
    """The kind of way out."""

    VERSION = "version"
    REWRITE = "rewrite"
    SETTING = "setting"
    EXPERIMENT = "experiment"
    NONE = "none known"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way out of a finding; `target` names the target without it, for remedies of kind VERSION."""

    kind: RemedyKind
    text: str
    target: str | None = None


NO_REMEDY = Remedy(RemedyKind.NONE, "none known")


@dataclass(frozen=True, slots=True)
class Rule:
    """Why an operator is refused, hazardous or undecided.

    `statement` is one sentence; `limit` says in general what would pass; `versions` names the releases concerned;
    `source` is where it was read; `remedies` are the ways out that do not depend on the operator at hand. `effects` are
    the possible effects of a hazard, the usual one first; rules of other kinds have none.
    """

    id: str
    kind: RuleKind
    stage: Stage
    statement: str
    limit: str
    why: str
    example: str
    remedies: tuple[Remedy, ...]
    versions: str
    evidence: Evidence
    source: str
    effects: tuple[Effect, ...] = ()

    def finding(self, found: str, evidence: Evidence | None = None, source: str = "") -> Finding:
        """Return this rule applied to an operator, with the value found there.

        `evidence` and `source` are given if they are not those of the rule.
        """
        ways_out = self.remedies or (NO_REMEDY,)
        return Finding(self, self.limit, found, ways_out, evidence or self.evidence, source or self.source)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that applies to an operator: its limit, the value found, and the ways out in this case."""

    rule: Rule
    limit: str
    found: str
    remedies: tuple[Remedy, ...]
    evidence: Evidence
    source: str
