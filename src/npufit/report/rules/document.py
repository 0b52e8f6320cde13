"""The document of rules and hazards: what `npufit rules --json` prints, one or a list of them."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.report.document import Document
from npufit.report.remedy_document import RemedyEntry, remedy_entries
from npufit.stacks import Effect, Evidence, Rule, RuleKind, Stage, former_ids


@dataclass(frozen=True, slots=True)
class RuleEntry(Document):
    """Why a stack refuses an operator, or why an accepted operator may be wrong."""

    id: str
    former_ids: tuple[str, ...]
    """former names, accepted for a release"""
    kind: RuleKind
    stage: Stage
    statement: str
    limit: str
    """what would pass"""
    effects: tuple[Effect, ...]
    """what a hazard can do, the usual effect first; empty for other rules"""
    why: str
    example: str
    remedies: tuple[RemedyEntry, ...]
    versions: str
    evidence: Evidence
    source: str


RulesDocument = RuleEntry | tuple[RuleEntry, ...]


def rule_entry(rule: Rule) -> RuleEntry:
    """Return the entry of a rule."""
    return RuleEntry(
        id=rule.id,
        former_ids=former_ids(rule.id),
        kind=rule.kind,
        stage=rule.stage,
        statement=rule.statement,
        limit=rule.limit,
        effects=rule.effects,
        why=rule.why,
        example=rule.example,
        remedies=remedy_entries(rule.remedies),
        versions=rule.versions,
        evidence=rule.evidence,
        source=rule.source,
    )
