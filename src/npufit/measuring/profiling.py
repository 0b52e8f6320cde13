"""Each operator's time, from the runs of a profile: the tool's own rows, and those inside of the NPU's calls."""

from __future__ import annotations

from dataclasses import replace

from npufit.chips import load_chip
from npufit.measurements import OperatorMeasurement, Role
from npufit.measuring.preparing import PreparedModel
from npufit.measuring.proof import ethosu_profile
from npufit.measuring.runs import Record
from npufit.stacks import Target

_CLOCK = "npu-clock"


def profiled_operators(
    target: Target | None, prepared: PreparedModel, record: Record
) -> tuple[tuple[OperatorMeasurement, ...], tuple[str, ...]]:
    """Return the operators of all profiles, those of the CPU alone first, and sentences on what could not be read."""
    rows: list[OperatorMeasurement] = []
    problems: list[str] = []
    for run in record.of(Role.PROFILE):
        if run.timing is None:
            continue
        rows += (replace(row, with_npu=run.planned.with_npu) for row in run.timing.operators)
        if run.planned.with_npu and target is not None and prepared.compilation is not None:
            found = _inside_of_calls(target, prepared, run.run.output)
            if isinstance(found, str):
                problems.append(f"No time of each operator on the NPU: {found}.")
            else:
                rows += (replace(row, with_npu=True) for row in found)
    return tuple(rows), tuple(problems)


def _inside_of_calls(target: Target, prepared: PreparedModel, output: bytes) -> tuple[OperatorMeasurement, ...] | str:
    clock = load_chip(target.chip).stack_settings(target.stack).get(_CLOCK)
    if clock is None or prepared.compilation is None:
        return "the clock of the NPU is unknown"
    return ethosu_profile(output, prepared.model, prepared.compilation, float(clock.value))
