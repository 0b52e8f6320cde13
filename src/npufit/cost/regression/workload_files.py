"""Build and compile every measured network, and store the workloads: `python -m npufit.cost.regression --workloads`.

Networks are compiled with the release of Vela that their row was measured with (`networks.toml`), each installed by
`npufit toolchain install vela@3.8` and so on. Predicting and testing need none of them.
"""

from __future__ import annotations

import json

from npufit.cost.measured.public_measurements import (
    INDEX,
    file_name,
    fingerprint,
    measured_index,
    measured_rows,
    networks,
    workload_document,
)
from npufit.cost.packaged_files import WORKLOADS
from npufit.cost.workload import Workload, on_the_cpu, workload_of
from npufit.graph import Model
from npufit.stacks import PlaceOptions, Status, place, resolve_target
from npufit.zoo import build, parse_spec

PLACED = ("imx93/vela", "imx8mp/vx")
"""The groups whose networks are placed by the stack's own compiler or rules, each row by the release that it was
measured with."""

_DIGITS = 4


def write_workloads() -> None:
    """Build every measured network, compile it if possible, and store the workloads."""
    WORKLOADS.mkdir(exist_ok=True)
    fingerprints: dict[str, str] = {}
    for network in networks():
        model = build(parse_spec(network))
        alone = on_the_cpu(model)
        rows = [row for row in measured_rows() if row.network == network and row.group in PLACED and not row.left_out]
        targets = dict.fromkeys(row.placed_on for row in rows)
        document = workload_document(alone, {target: _placed(model, target) for target in targets})
        (WORKLOADS / file_name(network)).write_text(json.dumps(document, separators=(",", ":")) + "\n", "utf-8")
        fingerprints[network] = fingerprint(operator.demand for operator in alone.operators)
    index = json.dumps(measured_index(fingerprints), indent=0, sort_keys=True)
    (WORKLOADS / INDEX).write_text(index + "\n", "utf-8")


def _placed(model: Model, target: str) -> tuple[Workload, float | None]:
    """Return `model` as `target` places it, and its compiler's own time estimate if it has one."""
    resolved = resolve_target(target)
    placement = place(model, resolved, PlaceOptions())
    assert placement.status is Status.COMPLETE, f"{target} places every operator"
    estimate = placement.compiler_estimate
    return workload_of(model, placement), None if estimate is None else round(estimate.total_ms, _DIGITS)
