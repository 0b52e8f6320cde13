"""The runs of one model on the board, one after the other, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from npufit.boards import Connection, WatchedRun, watch
from npufit.errors import InputError
from npufit.measurements import MeasuredRun, Role
from npufit.measuring.plan import PlannedRun, Wishes, plan_closing, plan_opening, plan_repeats
from npufit.measuring.proof.seen import SeenRun
from npufit.measuring.tools.failures import ending
from npufit.measuring.tools.tool import RunRequest, Timing, Tool

_MOST_LINES = 64
RunProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DoneRun:
    """A run that was made: what it was for, what was seen, and what it said; `problem` says why it does not count."""

    planned: PlannedRun
    tool: Tool
    request: RunRequest
    run: WatchedRun
    timing: Timing | None
    problem: str = ""
    remark: str = ""
    """What a reader must know although there is a time, such as a crash at the end."""

    @property
    def seen(self) -> SeenRun:
        """The run as the proof takes it."""
        return SeenRun(self.run, self.timing)

    def measured(self, order: int, counters: Sequence[str]) -> MeasuredRun:
        """Return the run as a measurement keeps it, with the deltas of `counters` only."""
        moved = self.run.moved()
        kept = tuple((name, moved[name]) for name in counters if name in moved)
        found = self.timing
        if found is None:
            return MeasuredRun(self.planned.role, order, counters=kept, problem=self.problem)
        return MeasuredRun(
            role=self.planned.role,
            order=order,
            count=found.count,
            calls=found.calls,
            mean_ms=found.mean_ms,
            median_ms=found.median_ms,
            min_ms=found.min_ms,
            max_ms=found.max_ms,
            p5_ms=found.p5_ms,
            p95_ms=found.p95_ms,
            std_ms=found.std_ms,
            initialization_ms=found.initialization_ms,
            first_ms=found.first_ms,
            memory_mb=found.memory_mb,
            counters=kept,
            problem=self.problem,
        )


def counted(done: Sequence[DoneRun]) -> tuple[DoneRun, ...]:
    """Return the runs whose times count, as those of other roles do not: tools and switches differ there."""
    return tuple(run for run in done if run.timing is not None and run.planned.role in (Role.CPU, Role.NPU))


@dataclass(slots=True)
class Record:
    """All runs of a model so far, in their order; it grows while they are made, and survives a lost line.

    `remarks` are sentences on runs that could not be made.
    """

    done: list[DoneRun] = field(default_factory=list[DoneRun])
    remarks: list[str] = field(default_factory=list[str])

    def of(self, role: Role) -> tuple[DoneRun, ...]:
        """Return the runs of `role`."""
        return tuple(run for run in self.done if run.planned.role is role)

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines of all runs that are worth keeping, each once."""
        lines = (line for run in self.done if run.timing is not None for line in run.timing.lines)
        return tuple(dict.fromkeys(lines))[:_MOST_LINES]


class Orders(Protocol):
    """Says how each planned run is made. Both raise InputError if it cannot be."""

    def tool_for(self, planned: PlannedRun) -> Tool: ...

    def request_for(self, planned: PlannedRun) -> RunRequest: ...


@dataclass(frozen=True, slots=True)
class Runner:
    """Carries out runs on the board."""

    connection: Connection
    orders: Orders
    time_limit_s: float

    def carry_out(self, wishes: Wishes, record: Record, progress: RunProgress) -> None:
        """Append to `record` each run that `wishes` take; a unit whose run failed has no more turns.

        Raises LostConnectionError and ToolError.
        """
        opening, closing = plan_opening(wishes), plan_closing(wishes)
        total = len(opening) + len(closing)
        self._carry_out(opening, record, lambda count: progress(count, total))
        timed = [run.timing for run in record.done if run.timing is not None]
        repeats = plan_repeats(wishes, all(timing.median_ms is not None for timing in timed))
        total += len(repeats)
        self._carry_out((*repeats, *closing), record, lambda count: progress(count, total))
        progress(total, total)

    def _carry_out(self, planned: Sequence[PlannedRun], record: Record, progress: Callable[[int], None]) -> None:
        for entry in planned:
            if any(run.problem and _prevents(run.planned, entry) for run in record.done):
                continue
            progress(len(record.done))
            try:
                record.done.append(self._run(entry))
            except InputError as error:
                record.remarks.append(_sentence(entry, str(error)))

    def _run(self, planned: PlannedRun) -> DoneRun:
        tool, request = self.orders.tool_for(planned), self.orders.request_for(planned)
        run = watch(self.connection, tool.command(request), time_limit_s=self.time_limit_s)
        said = tool.read(run.output, request, code=run.code)
        if isinstance(said, str):
            return DoneRun(planned, tool, request, run, None, _sentence(planned, f"{tool.name}: {said}"))
        if request.delegate is not None and said.delegate.failed:
            problem = f"the delegate was not used: {said.delegate.failed}"
            return DoneRun(planned, tool, request, run, said, _sentence(planned, problem))
        remark = "" if run.code == 0 else f"{tool.name} printed its times, and then {ending(run.code)}"
        return DoneRun(planned, tool, request, run, said, remark=_sentence(planned, remark) if remark else "")


def _prevents(failed: PlannedRun, next_one: PlannedRun) -> bool:
    """Return whether `next_one` need not be tried after `failed`: it is the same, or more of it."""
    if failed.role in (Role.CPU, Role.NPU):
        return failed.with_npu is next_one.with_npu and next_one.role is not Role.KNOWN
    return failed.role is next_one.role and failed.with_npu is next_one.with_npu


_UNITS = {False: "CPU alone", True: "with the NPU"}
_ROLES = {
    Role.KNOWN: "known network",
    Role.EVIDENCE: "run for evidence",
    Role.PROFILE: "profile",
    Role.OUTPUTS: "outputs",
}


def _sentence(planned: PlannedRun, problem: str) -> str:
    """Return `problem` as a sentence that says which run it was."""
    what = _ROLES.get(planned.role, _UNITS[planned.with_npu])
    return f"{what[0].upper()}{what[1:]}: {problem.rstrip('. ')}."
