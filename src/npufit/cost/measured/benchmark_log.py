"""Output of TensorFlow Lite's `benchmark_model` and `label_image`, with and without a profile of the operators."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from npufit.cost.kernels import Kernels
from npufit.cost.measured.benchmark_delegates import Delegate, Verdict, delegate_verdicts, find_delegate, is_delegate
from npufit.cost.measured.benchmark_lines import RunLines, split_runs
from npufit.cost.measured.benchmark_profile import ProfileRow, read_profile_rows
from npufit.cost.measured.benchmark_statistics import read_statistics
from npufit.cost.measured.observation import MOST_MS, Observation, OperatorTime, Statistic
from npufit.errors import InputError
from npufit.stacks import Unit

_MARKS = (
    *("Inference (avg): ", "STARTING!", "benchmark_model", "label_image", "Inference timings in us", "average time: "),
    *(
        "nodes delegated out of",
        "with delegate (",
        "teflon: ",
        "benchmark with args:",
        "external delegate",
        "tflite  :",
    ),
    *("no stats: ", "EXTERNAL delegate", "Log parameter values verbosely", "NPU delegate failed", "delegate created"),
    "unresolved custom op",
)
_NUMBER = r"(\d[\d.]{0,24}(?:e[+-]?\d{1,3})?)"
_AVERAGE_US = (re.compile(rf"\bInference \(avg\): {_NUMBER}"), re.compile(rf"\bno stats: {_NUMBER}"))
_AVERAGE_MS = re.compile(rf"\baverage time: {_NUMBER} ms")
_THREADS = (
    re.compile(r"^(?:Num threads|#threads used for CPU inference): \[(\d{1,3})\]"),
    re.compile(r"--num_threads[= ](\d{1,3})\b"),
    re.compile(r"\blabel_image\b.{0,2000} -t (\d{1,3})\b"),
)
_GRAPH = (
    re.compile(r"^Graph: \[([^\]\n]{1,4096})\]"),
    re.compile(r"--graph[= ]([^\s\"]{1,4096})"),
    re.compile(r"^Loaded model (\S{1,4096})"),
    re.compile(r"\blabel_image\b.{0,2000}? (?:-m|--tflite_model) (\S{1,4096})"),
)
_FAILED = re.compile(
    r"Benchmarking failed|Segmentation fault|core dumped|^Aborted|failed to prepare|failed to invoke|"
    r"Failed to allocate tensors|unresolved custom op|delegate failed|Failed to load model|Failed to mmap model",
    re.IGNORECASE,
)
_INVOKING_FAILED = "Benchmarking failed"
"""Printed after the times if an inference failed: the tool times failing calls like others."""
_BUILTIN_KERNELS = re.compile(r"^Use xnnpack ?: \[0\]|--use_xnnpack=(?:false|0)\b", re.IGNORECASE)
_TEFLON_TIMES = re.compile(r"^teflon: invoked graph, took \d{1,9} ms")
_LABEL_IMAGE_THREADS = 4
"""The threads that label_image uses without -t; benchmark_model uses 1."""
_MOST_THREADS = 64
_MOST_RUNS = 1000
_IN_A_MILLISECOND = 1000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class BenchmarkLog:
    """The runs that measure a CPU or an NPU, and why each of the others does not."""

    runs: tuple[Observation, ...]
    refused: tuple[str, ...]


def is_benchmark_log(text: str) -> bool:
    """Return True if `text` has lines of benchmark_model, label_image or a delegate."""
    return any(mark in text for mark in _MARKS)


def read_benchmark_log(text: str, name: str) -> BenchmarkLog:
    """Return the runs in `text`, which `name` names in messages; several logs may follow one another.

    A run's time is the median of the timed inferences if it is printed, otherwise their mean; both are in microseconds,
    a profile is in milliseconds. Its unit is the NPU if the NPU's delegate took a node, and the CPU if no delegate but
    XNNPACK did. A run that failed, ran on anything else, or is certain to be neither, is refused. Raises InputError if
    a number makes no sense, or if no run is left.
    """
    parts: list[RunLines] = []
    for part in split_runs(text):
        if _is_run(part):
            parts.append(part)
        if len(parts) > _MOST_RUNS:
            raise InputError(f"{name}: more than {_MOST_RUNS} runs. Split the file.")
    runs: list[Observation] = []
    refused: list[str] = []
    for number, part in enumerate(parts, 1):
        source = f"{name} run {number}" if len(parts) > 1 else name
        found = _read_run(part, source)
        if isinstance(found, str):
            refused.append(f"{source}: {found}")
        else:
            runs.append(found)
    if refused and not runs:
        more = f"; {len(refused) - 5} more" if len(refused) > 5 else ""
        raise InputError(f"no run is a measurement. {'; '.join(refused[:5])}{more}.")
    return BenchmarkLog(tuple(runs), tuple(refused))


def _is_run(part: RunLines) -> bool:
    """Return False for text around runs: a prompt, a banner, a table."""
    return bool(part.command) or part.has_started or part.has_summary or is_benchmark_log("\n".join(part.lines))


def _read_run(part: RunLines, source: str) -> Observation | str:
    """Return the measurement of a run, or why there is none."""
    rows = read_profile_rows(part.lines)
    found = delegate_verdicts(part.command, part.lines, (row.kind for row in rows))
    obstacle = _obstacle(found)
    if obstacle:
        return obstacle
    if any(line.startswith(_INVOKING_FAILED) for line in part.lines):
        return _why_no_time(part, found)
    time = _time(part, source)
    if time is None:
        return _why_no_time(part, found)
    placed = _runner(found)
    if isinstance(placed, str):
        return placed
    ms, statistic = time
    is_label_image = _AVERAGE_MS.search("\n".join(part.lines)) is not None
    usual = _LABEL_IMAGE_THREADS if is_label_image else 1
    threads = _first((*part.lines, part.command), _THREADS)
    return Observation(
        model=_first((*part.lines, part.command), _GRAPH),
        unit=placed.unit or Unit.CPU,
        threads=max(1, min(_MOST_THREADS, int(threads))) if threads else usual,
        ms=ms,
        source=source,
        operators=tuple(
            OperatorTime(row.kind, row.ms)
            for row in rows
            if not (row.is_inside_xnnpack or is_delegate(row.kind))
            for _ in range(row.calls)
        ),
        delegate_ms=_delegate_ms(rows) if placed.unit is Unit.NPU else None,
        stack=placed.stack,
        kernels=_kernels(part, found),
        statistic=statistic,
        tool="label_image" if is_label_image else "benchmark_model",
    )


def _obstacle(found: dict[Delegate, Verdict]) -> str:
    """Return why a run cannot be a measurement whatever its time is, empty if it can."""
    failed = [delegate.name for delegate, verdict in found.items() if verdict is Verdict.FAILED]
    if failed:
        return f"{failed[0]} could not be applied"
    took = _with(Verdict.TOOK, found)
    foreign = next((delegate for delegate in took if delegate.unit is None), None)
    if foreign is not None:
        return f"it ran on {foreign.name}, which is neither the CPU alone nor the NPU of a target"
    if len({delegate.stack for delegate in took}) > 1:
        return f"several delegates took nodes: {', '.join(delegate.name for delegate in took)}"
    return ""


def _runner(found: dict[Delegate, Verdict]) -> Delegate | str:
    """Return what ran the model, with the CPU as a delegate of that name; words if that is not certain."""
    took, silent = _with(Verdict.TOOK, found), _with(Verdict.ASKED_FOR, found)
    if took:
        return took[0]
    if not silent:
        return Delegate("the CPU", Unit.CPU)
    if silent[0].unit is None:
        return f"it was meant to run on {silent[0].name}, which is neither the CPU alone nor the NPU of a target"
    return (
        f"nothing says whether {silent[0].name} took a node; that it was created or applied proves nothing. Give the "
        "complete log, with standard error and the lines 'nodes delegated' or 'Explicitly applied'"
    )


def _with(verdict: Verdict, found: dict[Delegate, Verdict]) -> list[Delegate]:
    """Return the delegates other than XNNPACK about which the log says `verdict`."""
    return [delegate for delegate, said in found.items() if said is verdict and delegate.unit is not Unit.CPU]


def _time(part: RunLines, source: str) -> tuple[float, Statistic] | None:
    """Return milliseconds of one inference, None if the run has no time. Raises InputError for impossible values."""
    text = "\n".join(part.lines)
    averages = [average for pattern in _AVERAGE_US for average in pattern.findall(text)]
    if averages:
        medians = [
            line.median
            for line in read_statistics(part.lines)
            if line.average == averages[-1] and line.median is not None
        ]
        if medians:
            return _sensible(str(medians[-1]), _IN_A_MILLISECOND, "median", source), Statistic.MEDIAN
        return _sensible(averages[-1], _IN_A_MILLISECOND, "average", source), Statistic.MEAN
    shown = _AVERAGE_MS.findall(text)
    return (_sensible(shown[-1], 1, "average", source), Statistic.MEAN) if shown else None


def _sensible(text: str, divisor: int, what: str, source: str) -> float:
    try:
        value = float(text) / divisor
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and 0 < value <= MOST_MS):
        unit = "microseconds" if divisor > 1 else "milliseconds"
        raise InputError(f"{source}: the {what} inference is '{text}' {unit}; expected a number above 0.")
    return float(f"{value:.12g}")


def _why_no_time(part: RunLines, found: dict[Delegate, Verdict]) -> str:
    missing = _with(Verdict.NOT_LOADED, found)
    if missing:
        return f"the library of {missing[0].name} could not be loaded, and there is no time of an inference"
    failed = next((line.strip() for line in part.lines if _FAILED.search(line)), "")
    if failed:
        return f"it failed: {failed[:160]}"
    if any(_TEFLON_TIMES.match(line) for line in part.lines):
        return (
            "Teflon's times are whole milliseconds of each call of the NPU, not of an inference. Measure with "
            "benchmark_model; for the placement give this log to `npufit check --log`"
        )
    return "it has no time of an inference: the log is truncated, or from another tool"


def _first(lines: Iterable[str], patterns: Iterable[re.Pattern[str]]) -> str:
    """Return the match of the first pattern that is found; earlier patterns come before earlier lines."""
    said = tuple(lines)
    return next((match[1] for pattern in patterns for line in said if (match := pattern.search(line))), "")


def _kernels(part: RunLines, found: dict[Delegate, Verdict]) -> Kernels | None:
    """Return the kernels of the CPU's share, None if the log does not say: newer releases use XNNPACK silently."""
    if any(delegate.unit is Unit.CPU and verdict is not Verdict.NOTHING for delegate, verdict in found.items()):
        return Kernels.XNNPACK
    is_builtin = any(_BUILTIN_KERNELS.search(line) for line in (*part.lines, part.command))
    return Kernels.BUILTIN if is_builtin else None


def _delegate_ms(rows: Iterable[ProfileRow]) -> float | None:
    """Return the milliseconds of the NPU's delegate in the profile."""
    times = [row.ms * row.calls for row in rows if is_delegate(row.kind) and find_delegate(row.kind).unit is Unit.NPU]
    return sum(times) or None
