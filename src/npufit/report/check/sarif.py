"""The result of a check as SARIF 2.1.0, the form that code-scanning services and editors read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from npufit._version import __version__
from npufit.checking import CheckResult
from npufit.formatting import clean
from npufit.report import predicted_time
from npufit.report.check.headline import headline
from npufit.report.findings import remedy_words
from npufit.report.hazards import effect_words
from npufit.stacks import Effect, Remedy, Rule, RuleKind, Unit, former_ids

_LEVELS = {RuleKind.REFUSAL: "warning", RuleKind.HAZARD: "error", RuleKind.UNKNOWN: "note"}
_RANKS = {Effect.CRASH: 100.0, Effect.FAILS: 90.0, Effect.WRONG: 80.0}
"""SARIF's rank, from 0 to 100: all hazards are errors, and these are the worst of them."""
_REVERSAL = {
    "id": "time.slower-with-npu",
    "shortDescription": {"text": "The model is slower with the NPU than on the CPU alone."},
    "help": {
        "text": "Calls and copies at the boundaries of partitions, or operators that the NPU runs slowly, cost more "
        "than it saves.\n\nWay out: run the model on the CPU, or bring more of it to the NPU in fewer "
        "partitions."
    },
    "defaultConfiguration": {"level": "note"},
}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def check_sarif(results: Sequence[CheckResult], artifact: str) -> str:
    """Return the results as SARIF text: one run for each target, one result for each refusal and hazard.

    `artifact` is the model's path as the user gave it. Hazards are errors, ranked by their effect, refusals are
    warnings, unknown placements notes; a model that the NPU makes slower is a note.
    """
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [_run(result, artifact) for result in results],
    }
    return json.dumps(document, indent=2)


def _run(result: CheckResult, artifact: str) -> dict[str, Any]:
    findings = [*_hazards(result, artifact), *_refusals(result, artifact)]
    rules = {rule.id: rule for rule, _ in findings}
    position = {rule_id: index for index, rule_id in enumerate(rules)}
    slower = [_reversal(result, artifact, len(rules))] if predicted_time.reversal(result) else []
    return {
        "tool": {
            "driver": {
                "name": "npufit",
                "version": __version__,
                "rules": [*(_rule(rule) for rule in rules.values()), *([_REVERSAL] if slower else [])],
            }
        },
        "automationDetails": {"id": f"npufit/{result.target}/"},
        "artifacts": [{"location": {"uri": quote(clean(artifact), safe="/:")}}],
        "results": [
            *({**finding, "ruleId": rule.id, "ruleIndex": position[rule.id]} for rule, finding in findings),
            *slower,
        ],
        "properties": {"target": str(result.target), "summary": clean(headline(result))},
    }


def _reversal(result: CheckResult, artifact: str, position: int) -> dict[str, Any]:
    return {
        "level": "note",
        "ruleId": _REVERSAL["id"],
        "ruleIndex": position,
        "message": {"text": clean(f"{predicted_time.reversal_words(result)}.")},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": quote(clean(artifact), safe="/:"), "index": 0}}}
        ],
        "partialFingerprints": {"model/v1": f"{result.target}:{_REVERSAL['id']}"},
    }


def _rule(rule: Rule) -> dict[str, Any]:
    help_text = f"{rule.why}\n\nPasses: {rule.limit}\n\nWay out: " + "; ".join(
        remedy_words(remedy) for remedy in rule.remedies
    )
    return {
        "id": rule.id,
        **({"deprecatedIds": list(formerly)} if (formerly := former_ids(rule.id)) else {}),
        "shortDescription": {"text": rule.statement},
        "fullDescription": {"text": f"{rule.statement} {rule.why}"},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": _LEVELS[rule.kind]},
        "properties": {
            "versions": rule.versions,
            "evidence": rule.evidence.value,
            "source": rule.source,
            **({"effects": [effect.value for effect in rule.effects]} if rule.effects else {}),
        },
    }


def _hazards(result: CheckResult, artifact: str) -> Iterator[tuple[Rule, dict[str, Any]]]:
    for hazard in result.placement.hazards:
        what = "" if hazard.effect is Effect.WRONG else f"{_sentence(effect_words(hazard.effect, [hazard]))}: "
        text = f"{what}{hazard.message}; {hazard.found}. {_way_out(hazard.remedies)}"
        found = _finding(result, artifact, hazard.rule, hazard.subgraph, hazard.operators, text)
        extra = {
            "rank": _RANKS[hazard.effect],
            "properties": {"effect": hazard.effect.value, "certain": hazard.certain},
        }
        yield hazard.rule, {**found, **extra}


def _refusals(result: CheckResult, artifact: str) -> Iterator[tuple[Rule, dict[str, Any]]]:
    for placed in result.placement.operators:
        if placed.unit is Unit.NPU or placed.finding is None:
            continue
        finding = placed.finding
        where = "is not on the NPU" if placed.unit is Unit.CPU else "may or may not be on the NPU"
        text = (
            f"{result.operator(placed).name} {where}: {finding.rule.statement} Found {finding.found}; passes: "
            f"{finding.limit}. {_way_out(finding.remedies)}"
        )
        yield finding.rule, _finding(result, artifact, finding.rule, placed.id.subgraph, (placed.id.index,), text)


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _way_out(remedies: Sequence[Remedy]) -> str:
    return "Way out: " + ("; ".join(remedy_words(remedy) for remedy in remedies) or "none known")


def _finding(
    result: CheckResult, artifact: str, rule: Rule, subgraph: int, operators: Sequence[int], text: str
) -> dict[str, Any]:
    return {
        "level": _LEVELS[rule.kind],
        "message": {"text": clean(text)},
        "locations": [_location(result, artifact, subgraph, operators[0])],
        "relatedLocations": [_location(result, artifact, subgraph, operator) for operator in operators[1:]],
        "partialFingerprints": {"operator/v1": f"{result.target}:{rule.id}:{subgraph}:{operators[0]}"},
    }


def _location(result: CheckResult, artifact: str, subgraph: int, index: int) -> dict[str, Any]:
    graph = result.model.subgraphs[subgraph]
    operator = graph.operators[index]
    return {
        "physicalLocation": {"artifactLocation": {"uri": quote(clean(artifact), safe="/:"), "index": 0}},
        "logicalLocations": [
            {
                "name": clean(f"{index} {operator.name}"),
                "fullyQualifiedName": clean(f"subgraph {subgraph}/operator {index}/{graph.operator_name(operator)}"),
                "kind": "function",
            }
        ],
    }
