"""What to type after a bench."""

from __future__ import annotations

import shlex

from npufit.formatting import shorten
from npufit.measurements import Measurement, ProofVerdict

_MOST = 4


def next_steps(measurement: Measurement, on: str, file: str) -> list[tuple[str, str]]:
    """Return commands, each with its benefit. `on` is the board and `file` the measurement's file, empty if unknown."""
    model, target = shlex.quote(shorten(measurement.model.name)), measurement.target
    board, verdict = shlex.quote(on or "BOARD"), measurement.proof.verdict
    steps: list[tuple[str, str]] = []
    if verdict is ProofVerdict.CONTRADICTED or (verdict is ProofVerdict.UNKNOWN and not target):
        steps.append((f"npufit bench --on {board} --probe", "what the board has, and what is missing for its NPU"))
    if target:
        steps.append((f"npufit check {model} -t {target}", "where each operator runs, and why"))
    if measurement.outputs is None and measurement.npu is not None:
        steps.append((f"npufit bench {model} --on {board} --compare", "is the answer right, too?"))
    if file and measurement.npu is not None:
        shown = shlex.quote(file)
        steps.append(
            (
                f"npufit calibrate {shown} -t {target} -m {model} -o my-board.toml",
                "predict other networks for this board",
            )
        )
    if file:
        steps.append(
            (f"npufit bench --show {shlex.quote(file)}", "this again; docs/board.md says where to send the file")
        )
    return steps[:_MOST]
