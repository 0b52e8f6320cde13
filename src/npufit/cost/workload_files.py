"""Build and compile every measured network, and keep the workloads: `python -m npufit.cost.fit --workloads`."""

from __future__ import annotations

import json

from npufit.cost.data import WORKLOADS
from npufit.cost.reference import (
    INDEX,
    file_name,
    fingerprint,
    measured_index,
    measured_rows,
    networks,
    workload_document,
)
from npufit.cost.workload import Workload, on_the_cpu, workload_of
from npufit.graph import Model
from npufit.stacks import PlaceOptions, load_stack, resolve_target
from npufit.zoo import build, parse_spec

COMPILED = "imx93/vela"
"""The target whose compiler runs here."""

_DIGITS = 4


def write_workloads() -> None:
    """Build every network that a measurement is tied to, compile it where that can be done, and keep the workloads."""
    WORKLOADS.mkdir(exist_ok=True)
    fingerprints: dict[str, str] = {}
    for network in networks():
        model = build(parse_spec(network))
        alone = on_the_cpu(model)
        targets = dict.fromkeys(
            row.placed_on for row in measured_rows() if row.network == network and row.group == COMPILED
        )
        document = workload_document(alone, {target: _compiled(model, target) for target in targets})
        (WORKLOADS / file_name(network)).write_text(json.dumps(document, separators=(",", ":")) + "\n", "utf-8")
        fingerprints[network] = fingerprint(operator.demand for operator in alone.operators)
    index = json.dumps(measured_index(fingerprints), indent=0, sort_keys=True)
    (WORKLOADS / INDEX).write_text(index + "\n", "utf-8")


def _compiled(model: Model, target: str) -> tuple[Workload, float]:
    resolved = resolve_target(target)
    placement = load_stack(resolved.stack).place(model, resolved, PlaceOptions())
    estimate = placement.compiler_estimate
    assert estimate is not None, "Vela's estimate comes with every compilation"
    return workload_of(model, placement), round(estimate.total_ms, _DIGITS)
