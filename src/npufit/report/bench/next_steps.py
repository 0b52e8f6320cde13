"""What to type after a bench."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import PurePath

from npufit.formatting import shorten
from npufit.measurements import Measurement, ProofVerdict

_MOST = 3


def next_steps(measurement: Measurement, on: str) -> list[tuple[str, str]]:
    """Return commands, each with its benefit. `on` is the board as the user wrote it, empty if unknown."""
    model, target = shlex.quote(shorten(measurement.model.name)), measurement.target
    board, verdict = shlex.quote(on or "BOARD"), measurement.proof.verdict
    steps: list[tuple[str, str]] = []
    if verdict in (ProofVerdict.CONTRADICTED, ProofVerdict.UNKNOWN):
        steps.append((f"npufit bench --on {board} --probe", "what the board has, and what is missing"))
    if measurement.outputs is None and measurement.npu is not None:
        steps.append((f"npufit bench {model} --on {board} --compare", "is the answer right?"))
    if not measurement.operators and measurement.npu is not None:
        steps.append((f"npufit bench {model} --on {board} --profile", "the time of each operator"))
    if target:
        steps.append((f"npufit check {model} -t {target}", "each operator, and this measurement"))
    return steps[:_MOST]


def steps_of_several(measurements: Sequence[Measurement], files: Sequence[str]) -> list[tuple[str, str]]:
    """Return commands after a bench of several models; with `files`, what they are good for."""
    steps = [("npufit bench --show FILE", "one measurement in full; -v shows all, --html writes a page")]
    with_npu = [measurement for measurement in measurements if measurement.npu is not None]
    targets = dict.fromkeys(measurement.target for measurement in with_npu)
    folders = dict.fromkeys(str(PurePath(file).parent) for file in files)
    if len(targets) == len(folders) == 1 and len(with_npu) > 1:
        [target], [folder] = targets, folders
        command = f"npufit calibrate {shlex.quote(folder)} -t {target} -m MODEL… -o my-board.toml"
        steps.append((command, "predict other networks for this board"))
    return steps
