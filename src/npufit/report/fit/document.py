"""A fit as plain data, ready for JSON. The form is fixed by `schema.json` beside this file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from npufit._version import __version__
from npufit.checking import CheckResult
from npufit.cutting.cut import Cut, CutProof
from npufit.execution import GOLDEN
from npufit.execution.differences import OutputDifference
from npufit.fitting.fit import Fit
from npufit.fitting.proof import Proof
from npufit.fitting.recipe import pass_options
from npufit.fitting.search import PassVerdict
from npufit.formatting import clean
from npufit.report.check.document import check_document
from npufit.report.fit.text import Written

SCHEMA_VERSION = 2


def fit_json(fit: Fit, written: Written) -> str:
    """Return the fit as JSON text that follows the published schema."""
    return json.dumps(fit_document(fit, written), indent=2, allow_nan=False)


def fit_schema() -> dict[str, Any]:
    """Return the JSON schema that `fit_json` follows."""
    return json.loads((files("npufit.report.fit") / "schema.json").read_text(encoding="utf-8"))


def fit_document(fit: Fit, written: Written) -> dict[str, Any]:
    """Return the fit as plain data, ready for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "npufit_version": __version__,
        "model": clean(fit.original.model.name),
        "target": clean(fit.result.name),
        "survey": fit.is_survey,
        "fits": fit.is_complete,
        "before": _side(fit.original, written.sizes[0]),
        "after": _side(fit.result, written.sizes[1]),
        "steps": [
            {"pass": step.pass_.name, "exactness": step.pass_.exactness.value, "options": pass_options(step.pass_)}
            for step in fit.steps
        ],
        "passes": [_verdict_document(verdict) for verdict in fit.verdicts],
        "proof": None if fit.proof is None else _proof_document(fit, fit.proof),
        "cut": None if written.cut is None else _cut_document(written.cut, written.cut_proof),
        "written": None if written.model is None else clean(str(written.model)),
        "recipe": None if written.recipe is None else clean(str(written.recipe)),
    }


def _side(result: CheckResult, size_bytes: int) -> dict[str, Any]:
    """Return one side of the table; `summary` is that of `npufit check --json`."""
    found: dict[str, Any] = check_document(result.model, [result])["results"][0]
    estimate = result.estimate
    return {
        "summary": found["summary"],
        "hazards": sorted(entry["id"] for entry in found["hazards"]),
        "off_npu": [
            {key: entry[key] for key in ("subgraph", "index", "type", "unit", "rule", "reason", "found")}
            for entry in found["operators"]
            if entry["unit"] != "npu"
        ],
        "predicted_ms": None if estimate is None else estimate.total_ms,
        "predicted_low_ms": None if estimate is None else estimate.low_ms,
        "predicted_high_ms": None if estimate is None else estimate.high_ms,
        "file_bytes": size_bytes,
    }


def _verdict_document(verdict: PassVerdict) -> dict[str, Any]:
    return {
        "pass": verdict.pass_.name,
        "exactness": verdict.pass_.exactness.value,
        "options": pass_options(verdict.pass_),
        "outcome": verdict.outcome.value,
        "why": clean(verdict.why),
        "sites": [
            {"subgraph": site.subgraph, "operators": list(site.operators), "what": clean(site.what)}
            for site in verdict.sites
        ],
        "notes": [clean(note) for note in verdict.notes],
    }


def _proof_document(fit: Fit, proof: Proof) -> dict[str, Any]:
    simulation = proof.simulation
    return {
        "golden": GOLDEN,
        "inputs": proof.inputs,
        "extremes": proof.extremes,
        "refused": proof.refused,
        "samples": fit.from_samples,
        "left_out": [
            {"operator": entry.operator, "type": clean(entry.name), "why": clean(entry.why), "is_cause": entry.is_cause}
            for entry in proof.left_out
        ],
        "same": all(entry.is_equal for entry in proof.total),
        "differences": _differences_document(proof.total),
        "steps": [
            {"pass": fit.steps[entry.step].pass_.name, "differences": _differences_document(entry.outputs)}
            for entry in proof.steps
        ],
        "simulation": None
        if simulation is None
        else {
            "input": clean(simulation.input_name),
            "tensors": simulation.tensors,
            "same": not simulation.difference,
            "difference": clean(simulation.difference),
            "original_differs": simulation.was_different,
        },
    }


def _differences_document(outputs: Iterable[OutputDifference]) -> list[dict[str, Any]]:
    return [
        {
            "tensor": entry.tensor,
            "name": clean(entry.name),
            "largest": _finite(entry.largest),
            "mean": _finite(entry.mean),
            "largest_steps": _finite(entry.largest_steps),
            "cosine": entry.cosine,
            "top_1": entry.top_1,
            "largest_value": _finite(entry.spread),
        }
        for entry in outputs
    ]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _cut_document(cut: Cut, proof: CutProof | None) -> dict[str, Any]:
    return {
        "files": [
            {"file": part.file, "unit": part.unit.value, "operators": list(part.operators)} for part in cut.parts
        ],
        "inputs": 0 if proof is None else proof.inputs,
        "same": None if proof is None else not proof.difference,
        "difference": "" if proof is None else clean(proof.difference),
    }
