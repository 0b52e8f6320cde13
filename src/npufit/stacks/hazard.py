"""How hazards are written down: their rules, and what they find in a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npufit.stacks.placement import Hazard
from npufit.stacks.rule import NO_REMEDY, Effect, Evidence, Remedy, Rule, RuleKind, Stage


def hazard_rule(
    rule_id: str,
    statement: str,
    safe: str,
    why: str,
    example: str,
    *,
    versions: str,
    source: str,
    remedies: Iterable[Remedy],
    evidence: Evidence,
    effects: tuple[Effect, ...],
) -> Rule:
    """Return the rule of a hazard; `safe` says when it does not apply, `effects` are the possible ones, the usual
    first."""
    return Rule(
        id=rule_id,
        kind=RuleKind.HAZARD,
        stage=Stage.EXECUTION,
        statement=statement,
        limit=safe,
        why=why,
        example=example,
        remedies=tuple(remedies) or (NO_REMEDY,),
        versions=versions,
        evidence=evidence,
        source=source,
        effects=effects,
    )


def make_hazard(
    rule: Rule,
    subgraph: int,
    operators: Sequence[int],
    message: str,
    found: str,
    *,
    tensors: Sequence[int] = (),
    evidence: Evidence | None = None,
    effect: Effect | None = None,
    certain: bool = True,
) -> Hazard:
    """Return what `rule` finds at `operators` of `subgraph`, the one at fault first.

    `evidence` and `effect` are given if they are not the usual ones of the rule. What is inferred is never certain.
    """
    known = evidence or rule.evidence
    return Hazard(
        rule=rule,
        subgraph=subgraph,
        operators=tuple(operators),
        tensors=tuple(tensors),
        message=message,
        found=found,
        remedies=rule.remedies,
        evidence=known,
        effect=effect or rule.effects[0],
        certain=certain and known is not Evidence.INFERRED,
    )
