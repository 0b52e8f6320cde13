"""The result of a check for scripts. The form is fixed by `schema.json` beside this file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from npufit._version import __version__
from npufit.checking import CheckResult, GateResult
from npufit.formatting import clean
from npufit.graph import Model
from npufit.report.check.estimate_document import estimate_document
from npufit.report.cures import passes_against
from npufit.stacks import Difference, Hazard, OperatorPlacement, Partition, Remedy

SCHEMA_VERSION = 2


def check_json(model: Model, results: Sequence[CheckResult], gates: Sequence[GateResult] = ()) -> str:
    """Return the results as JSON text that follows the published schema."""
    return json.dumps(check_document(model, results, gates), indent=2)


def check_schema() -> dict[str, Any]:
    """Return the JSON schema that `check_json` follows."""
    return json.loads((files("npufit.report.check") / "schema.json").read_text(encoding="utf-8"))


def check_document(model: Model, results: Sequence[CheckResult], gates: Sequence[GateResult] = ()) -> dict[str, Any]:
    """Return the results as plain data, ready for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "npufit_version": __version__,
        "model": {
            "name": clean(model.name),
            "subgraphs": len(model.subgraphs),
            "operators": sum(len(subgraph.operators) for subgraph in model.subgraphs),
        },
        "results": [_result(result) for result in results],
        "gates": [
            {"gate": gate.gate.text, "target": gate.target, "found": gate.found, "passed": gate.passed}
            for gate in gates
        ],
    }


def _result(result: CheckResult) -> dict[str, Any]:
    summary, placement = result.summary, result.placement
    return {
        "target": str(result.target),
        "profile": clean(result.profile) or None,
        "status": placement.status.value,
        "log": placement.log,
        "log_totals": placement.log_totals,
        "summary": {
            "operators": summary.operators,
            "npu": summary.npu,
            "cpu": summary.cpu,
            "unknown": summary.unknown,
            "macs": summary.macs,
            "macs_unknown": summary.macs_unknown,
            "npu_macs": summary.npu_macs,
            "npu_macs_share": summary.npu_macs_share,
            "partitions": summary.partitions,
            "boundary_bytes": summary.boundary_bytes,
            "hazards": summary.hazards,
            "crashes": summary.crashes,
        },
        "operators": [_operator(result, placed) for placed in placement.operators],
        "partitions": [_partition(result, partition) for partition in placement.partitions],
        "hazards": [_hazard(result, hazard) for hazard in placement.hazards],
        "differences": [_difference(difference) for difference in placement.differences],
        "memory": [
            {
                "memory": use.memory,
                "used_bytes": use.used_bytes,
                "limit_bytes": use.limit_bytes,
                "origin": use.origin,
            }
            for use in placement.memory
        ],
        "settings": [
            {"name": setting.name, "value": clean(setting.value), "origin": setting.origin}
            for setting in placement.settings
        ],
        "notes": [
            {"text": clean(note.text), "evidence": note.evidence.value, "source": clean(note.source)}
            for note in placement.notes
        ],
        "estimate": None if result.estimate is None else estimate_document(result.estimate),
    }


def _operator(result: CheckResult, placed: OperatorPlacement) -> dict[str, Any]:
    finding = placed.finding
    return {
        "subgraph": placed.subgraph,
        "index": placed.index,
        "type": clean(result.operator(placed).name),
        "outputs": [clean(name) for name in result.output_names(placed)],
        "unit": placed.unit.value,
        "partition": placed.partition,
        "rule": finding.rule.id if finding else None,
        "stage": finding.rule.stage.value if finding else None,
        "reason": finding.rule.statement if finding else None,
        "limit": clean(finding.limit) if finding else None,
        "found": clean(finding.found) if finding else None,
        "evidence": placed.evidence.value,
        "source": clean(finding.source) if finding else None,
        "remedies": [_remedy(remedy) for remedy in finding.remedies] if finding else [],
        "passes": list(passes_against(finding.rule.id)) if finding else [],
        "macs": result.macs[placed.subgraph, placed.index],
        "note": clean(placed.note),
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {"kind": remedy.kind.value, "text": clean(remedy.text), "target": remedy.target}


def _partition(result: CheckResult, partition: Partition) -> dict[str, Any]:
    tensors = result.model.subgraphs[partition.subgraph].tensors

    def boundary(indices: tuple[int, ...]) -> list[dict[str, Any]]:
        return [
            {"tensor": index, "name": clean(tensors[index].name), "bytes": tensors[index].size_bytes}
            for index in indices
        ]

    return {
        "index": partition.index,
        "subgraph": partition.subgraph,
        "operators": list(partition.operators),
        "inputs": boundary(partition.inputs),
        "outputs": boundary(partition.outputs),
        "boundary_bytes": partition.boundary_bytes,
    }


def _hazard(result: CheckResult, hazard: Hazard) -> dict[str, Any]:
    tensors = result.model.subgraphs[hazard.subgraph].tensors
    return {
        "id": hazard.rule.id,
        "effect": hazard.effect.value,
        "certain": hazard.certain,
        "subgraph": hazard.subgraph,
        "operators": list(hazard.operators),
        "tensors": [clean(tensors[index].name) for index in hazard.tensors],
        "statement": hazard.rule.statement,
        "message": clean(hazard.message),
        "found": clean(hazard.found),
        "evidence": hazard.evidence.value,
        "source": hazard.rule.source,
        "remedies": [_remedy(remedy) for remedy in hazard.remedies],
        "passes": list(passes_against(hazard.rule.id)),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "subgraph": difference.subgraph,
        "operator": difference.operator,
        "what": difference.what,
        "predicted": difference.predicted,
        "observed": difference.observed,
    }
