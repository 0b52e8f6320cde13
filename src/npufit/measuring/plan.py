"""Which runs a measurement takes, in which order: a pure function of what is wanted and of what the tool prints."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.measurements import Role

PROCESSES_WITH_MEDIAN = 1
"""One process is enough for a tool that prints the median of its inferences."""

PROCESSES_WITH_MEAN = 5
"""A mean says nothing of outliers (a public log: mean 63.7 ms, median 51.9): the median of several means does."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One process: what it is for, and whether it uses the NPU."""

    role: Role
    with_npu: bool


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a measurement consists of; a part that the board or the model cannot give is not wished for.

    `processes` is per unit, None to decide by what the tool prints.
    """

    cpu: bool = True
    npu: bool = True
    known: bool = False
    evidence: bool = False
    profile: bool = False
    outputs: bool = False
    processes: int | None = None


def plan_opening(wishes: Wishes) -> tuple[PlannedRun, ...]:
    """Return the runs that prove: the CPU alone, the known network, the model on the NPU."""
    return _chosen(
        (wishes.cpu, PlannedRun(Role.CPU, False)),
        (wishes.npu and wishes.known, PlannedRun(Role.KNOWN, True)),
        (wishes.npu, PlannedRun(Role.NPU, True)),
    )


def plan_repeats(wishes: Wishes, prints_median: bool) -> tuple[PlannedRun, ...]:
    """Return the further processes, CPU and NPU in turn, so that heat and other programs meet both."""
    in_turn = _chosen((wishes.cpu, PlannedRun(Role.CPU, False)), (wishes.npu, PlannedRun(Role.NPU, True)))
    return in_turn * (_processes(wishes, prints_median) - 1)


def plan_closing(wishes: Wishes) -> tuple[PlannedRun, ...]:
    """Return the runs whose times do not count."""
    return _chosen(
        (wishes.npu and wishes.evidence, PlannedRun(Role.EVIDENCE, True)),
        (wishes.profile and wishes.cpu, PlannedRun(Role.PROFILE, False)),
        (wishes.profile and wishes.npu, PlannedRun(Role.PROFILE, True)),
        (wishes.outputs and (wishes.cpu or wishes.npu), PlannedRun(Role.OUTPUTS, wishes.npu)),
    )


def _processes(wishes: Wishes, prints_median: bool) -> int:
    return wishes.processes or (PROCESSES_WITH_MEDIAN if prints_median else PROCESSES_WITH_MEAN)


def _chosen(*rows: tuple[bool, PlannedRun]) -> tuple[PlannedRun, ...]:
    return tuple(run for is_wanted, run in rows if is_wanted)
