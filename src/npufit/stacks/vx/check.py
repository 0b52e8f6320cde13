"""A check: a rule with the operators and releases that it covers, and the test that applies it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.graph import Tensor
from npufit.stacks.rule import NO_REMEDY, Evidence, Finding, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.vx.releases import FIRST_EXECUTED, Bsp, Generation, describe
from npufit.stacks.vx.sources import DELEGATE, EXECUTED
from npufit.stacks.vx.vx_operator import VxOperator

Test = Callable[[VxOperator], str | None]
"""Returns the value found if the operator is refused, None if it passes."""

TensorTest = Callable[[Tensor], str | None]
"""The same for one input or output."""


@dataclass(frozen=True, slots=True)
class Check:
    """When the delegate refuses an operator of one of `types`.

    `line` is what the delegate then prints, empty if it prints nothing. `executed` says that the delegate's own code
    was run and decided so, besides being read.
    """

    rule: Rule
    types: frozenset[str]
    generations: frozenset[Generation]
    test: Test
    line: str
    executed: bool


@dataclass(frozen=True, slots=True)
class TensorCheck:
    """When the delegate refuses any operator because of one of its inputs or outputs; `spared` types are exempt."""

    rule: Rule
    generations: frozenset[Generation]
    test: TensorTest
    line: str
    spared: frozenset[str] = frozenset()


def refusal(
    rule_id: str,
    statement: str,
    limit: str,
    why: str,
    example: str,
    generations: frozenset[Generation],
    way_out: str = "",
    *,
    executed: bool = True,
    stage: Stage = Stage.FRONTEND_CHECK,
) -> Rule:
    """Return a rule by which the delegate refuses operators; `way_out` is a rewrite, or empty."""
    return Rule(
        id=rule_id,
        kind=RuleKind.REFUSAL,
        stage=stage,
        statement=statement,
        limit=limit,
        why=why,
        example=example,
        remedies=(Remedy(RemedyKind.REWRITE, way_out),) if way_out else (NO_REMEDY,),
        versions=describe(generations),
        evidence=Evidence.EXECUTED if executed else Evidence.SOURCE,
        source=EXECUTED if executed else DELEGATE,
    )


def check(
    rule: Rule, types: str, generations: frozenset[Generation], test: Test, line: str, *, executed: bool = True
) -> Check:
    """Return a check of the operator types that `types` names, separated by spaces."""
    return Check(rule, frozenset(types.split()), generations, test, line, executed)


def finding_of(rule: Rule, found: str, bsp: Bsp, executed: bool) -> Finding:
    """Return the finding of `rule` on `bsp`; one that was only read, or in another release, is not `executed`."""
    evidence = Evidence.EXECUTED if executed and bsp.generation >= FIRST_EXECUTED else Evidence.SOURCE
    if bsp.evidence is Evidence.INFERRED:
        evidence = Evidence.INFERRED
    return rule.finding(found, evidence)
