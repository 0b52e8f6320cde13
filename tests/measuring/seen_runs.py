"""Runs as a proof sees them, made from what a counter stood at."""

from __future__ import annotations

from collections.abc import Mapping

from npufit.boards import Command, Readings, WatchedRun
from npufit.measuring.proof import SeenRun
from npufit.measuring.tools.tool import DelegateFinding, Timing


def seen_run(
    calls: int | None = 100,
    *counters: Mapping[str, int],
    seconds: float = 1.0,
    took: int | None = None,
    of: int | None = None,
    failed: str = "",
    output: bytes = b"",
    free_kb: tuple[int, ...] = (),
    engine_ns: tuple[Mapping[str, int] | None, ...] = (),
    is_timed: bool = True,
) -> SeenRun:
    """Return a run of `calls` inferences; `counters` are the lines' values before and after, or at both times.

    `free_kb` and `engine_ns` are readings before, while it ran and after, and while it ran.
    """
    values = counters if len(counters) == 2 else (*(counters or ({},)), *(counters or ({},)))
    during = tuple(
        Readings(
            uptime_s=100.0 + seconds / 2,
            interrupts={},
            cma_free_kb=free_kb[1 + index] if index < len(free_kb) - 2 else None,
            engine_ns=engine_ns[index] if index < len(engine_ns) else None,
        )
        for index in range(max(len(free_kb) - 2, len(engine_ns)))
    )
    before = Readings(100.0, values[0], cma_free_kb=free_kb[0] if free_kb else None)
    after = Readings(100.0 + seconds, values[-1], cma_free_kb=free_kb[-1] if free_kb else None)
    watched = WatchedRun(Command(("run",)), before, during, after, 0 if is_timed else 139, output)
    timing = Timing(calls=calls, median_ms=1.0, delegate=DelegateFinding(took, of, failed=failed)) if is_timed else None
    return SeenRun(watched, timing)


def moving(line: str, by: int, calls: int | None = 100, seconds: float = 1.0) -> SeenRun:
    """Return a run during which `line` counted `by`."""
    return seen_run(calls, {line: 7, "arch_timer": 1000}, {line: 7 + by, "arch_timer": 3000}, seconds=seconds)
