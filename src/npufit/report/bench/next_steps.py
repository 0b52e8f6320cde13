"""What to type after a bench."""

from __future__ import annotations

import shlex

from npufit.formatting import shorten
from npufit.measurements import Measurement, ProofVerdict

_MOST = 3


def next_steps(measurement: Measurement, on: str, file: str) -> list[tuple[str, str]]:
    """Return commands, each with its benefit. `on` is the board and `file` the measurement's file, empty if unknown."""
    model, target = shlex.quote(shorten(measurement.model.name)), measurement.target
    board, verdict = shlex.quote(on or "BOARD"), measurement.proof.verdict
    steps: list[tuple[str, str]] = []
    if verdict in (ProofVerdict.CONTRADICTED, ProofVerdict.UNKNOWN):
        steps.append((f"npufit bench --on {board} --probe", "what the board has, and what is missing"))
    if measurement.outputs is None and measurement.npu is not None:
        steps.append((f"npufit bench {model} --on {board} --compare", "is the answer right?"))
    if target:
        steps.append((f"npufit check {model} -t {target}", "where each operator runs, and why"))
    if file and measurement.npu is not None:
        steps.append((f"npufit calibrate {shlex.quote(file)} -t {target} -m {model} -o my-board.toml", ""))
    return steps[:_MOST]
