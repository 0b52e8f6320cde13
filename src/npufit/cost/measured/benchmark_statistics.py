"""Times and memory as benchmark_model prints them: of warm-up, of timed inferences, and of everything before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NUMBER = r"\d[\d.]{0,24}(?:e[+-]?\d{1,3})?"
_COUNT = re.compile(rf"\bcount=(\d{{1,9}})((?: [a-z]\w{{1,9}}={_NUMBER}(?:\(all same\))?)*)\s*$")
_OF_PROFILE = ("Timings (microseconds): ", "Memory (bytes): ")
_VALUE = re.compile(rf"([a-z]\w{{1,9}})=({_NUMBER})")
_ALL_SAME = "(all same)"
_MEMORY = re.compile(
    r"^(?:(?:Memory footprint delta from the start of the tool|Peak memory footprint) \(MB\): .{0,60}\boverall="
    rf"|Overall peak memory footprint \(MB\) via periodic monitoring: )({_NUMBER})"
)
_INITIALIZATION = re.compile(rf"\bInit: ({_NUMBER})")
_SESSION_MS = re.compile(rf"^Initialized session in ({_NUMBER}) ?ms")
_FIRST = re.compile(rf"\bFirst inference: ({_NUMBER})")
_MOST_MB = 1e7
_MOST_US = 1e10
_MOST_LINES = 64


@dataclass(frozen=True, slots=True)
class Statistics:
    """A line `count=…`: how many inferences, and microseconds of one; None for what the line does not have.

    `average` is as printed: the summary repeats it. (Source: TensorFlow's tensorflow/core/util/stats_calculator.h.)
    """

    count: int
    average: str
    first: float | None = None
    least: float | None = None
    most: float | None = None
    mean: float | None = None
    deviation: float | None = None
    p5: float | None = None
    median: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Initialization and first inference in microseconds, and the memory at the end in MB; None if not printed.

    The memory is how much the process grew since its start, or its highest amount if the tool was asked to watch that.
    """

    initialization: float | None = None
    first: float | None = None
    memory_mb: float | None = None


def read_statistics(lines: Iterable[str]) -> tuple[Statistics, ...]:
    """Return the statistics in the order of their lines: usually of the warm-up, then of the timed inferences.

    Text of a delegate may stand before them. The sums of a profile's rows are left out.
    """
    found: list[Statistics] = []
    for line in lines:
        match = _COUNT.search(line) if "count=" in line and not line.startswith(_OF_PROFILE) else None
        if match is not None and len(found) < _MOST_LINES:
            found.append(_statistics(int(match[1]), dict(_VALUE.findall(match[2])), is_same=_ALL_SAME in match[2]))
    return tuple(found)


def _statistics(count: int, values: dict[str, str], *, is_same: bool) -> Statistics:
    """Return what a line says; equal times, and a single one, are printed as `curr` alone."""
    numbers = {name: _number(text, _MOST_US) for name, text in values.items()}
    if is_same or count == 1:
        only = numbers.get("curr")
        same = dict.fromkeys(("first", "min", "max", "avg", "median", "p5", "p95"), only)
        numbers = {**same, "std": None if only is None else 0.0, **numbers}
    return Statistics(
        count=count,
        average=values.get("avg", ""),
        first=numbers.get("first"),
        least=numbers.get("min"),
        most=numbers.get("max"),
        mean=numbers.get("avg"),
        deviation=numbers.get("std"),
        p5=numbers.get("p5"),
        median=numbers.get("median"),
        p95=numbers.get("p95"),
    )


def read_session(lines: Iterable[str]) -> Session:
    """Return what the summary says of initialization, first inference and memory."""
    initialization = session = first = memory = None
    for line in lines:
        if "Init: " in line:
            initialization, first = _found(_INITIALIZATION, line, _MOST_US), _found(_FIRST, line, _MOST_US)
        elif line.startswith("Initialized session"):
            ms = _found(_SESSION_MS, line, _MOST_US / 1000)
            session = None if ms is None else 1000 * ms
        elif "emory footprint" in line:
            memory = _found(_MEMORY, line, _MOST_MB) or memory
    return Session(session if initialization is None else initialization, first, memory)


def _found(pattern: re.Pattern[str], line: str, most: float) -> float | None:
    match = pattern.search(line)
    return None if match is None else _number(match[1], most)


def _number(text: str, most: float) -> float | None:
    """Return a number from 0 to `most`, None for what is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= most else None
