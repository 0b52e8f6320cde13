"""What TensorFlow Lite's `benchmark_model` prints, with and without a profile of the operators."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from npufit.cost.observation import MOST_MS, Observation, OperatorTime
from npufit.errors import InputError
from npufit.stacks import Unit

_START = "STARTING!"
_AVERAGE = re.compile(r"Inference \(avg\): ([\d.]{1,24}(?:e[+-]?\d{1,3})?)")
_THREADS = re.compile(r"(?:Num threads|#threads used for CPU inference): \[(\d{1,3})\]")
_GRAPH = re.compile(r"Graph: \[([^\]\n]{1,4096})\]")
_DELEGATED = re.compile(r"(\w{1,80}) delegate: (\d{1,9}) nodes delegated out of \d")
_EXTERNAL = re.compile(r"External delegate path: \[[^\]\n]+\]")
_PROFILE = "Operator-wise Profiling Info for Regular Benchmark Runs"
_RUN_ORDER = "= Run Order ="
_ON_CPU = "xnnpack"
_CUSTOM = "ethos-u"
_MOST_RUNS = 1000
_MICROSECONDS = 1e-3
"""Milliseconds of a microsecond."""


def is_benchmark_log(text: str) -> bool:
    """Return True where `text` is what benchmark_model printed."""
    return _AVERAGE.search(text) is not None


def read_benchmark_log(text: str, name: str) -> tuple[Observation, ...]:
    """Return the runs in `text`, which `name` names in messages; several logs may stand behind each other.

    The average of the timed inferences counts, which is in microseconds; a profile is in milliseconds. Raises
    InputError where a number makes no sense.
    """
    runs = [part for part in text.split(_START) if is_benchmark_log(part)]
    if len(runs) > _MOST_RUNS:
        raise InputError(f"{name}: more than {_MOST_RUNS} runs. Give fewer.")
    return tuple(_run(run, f"{name} run {number}" if len(runs) > 1 else name) for number, run in enumerate(runs, 1))


def _run(text: str, source: str) -> Observation:
    average = _AVERAGE.findall(text)[-1]
    ms = _finite(average, _MICROSECONDS)
    if not ms:
        raise InputError(f"{source}: the average inference is '{average}' microseconds, expected a number above 0.")
    threads = _THREADS.search(text)
    graph = _GRAPH.search(text)
    operators = tuple(_operators(text))
    unit = Unit.NPU if _is_on_npu(text, operators) else Unit.CPU
    return Observation(
        model=graph.group(1) if graph is not None else "",
        unit=unit,
        threads=max(1, min(64, int(threads.group(1)))) if threads is not None else 1,
        ms=ms,
        source=source,
        operators=tuple(entry for entry in operators if not _is_delegate(entry.type)),
        delegate_ms=_delegate_ms(operators) if unit is Unit.NPU else None,
    )


def _is_on_npu(text: str, operators: tuple[OperatorTime, ...]) -> bool:
    """Return True where a delegate other than XNNPACK took at least one node; no count is taken for at least one."""
    counts = [int(count) for name, count in _DELEGATED.findall(text) if _ON_CPU not in name.lower()]
    if counts:
        return any(counts)
    return _EXTERNAL.search(text) is not None or any(entry.type == _CUSTOM for entry in operators)


def _is_delegate(kind: str) -> bool:
    return kind.endswith("Delegate") or kind == _CUSTOM


def _delegate_ms(operators: tuple[OperatorTime, ...]) -> float | None:
    times = [entry.ms for entry in operators if _is_delegate(entry.type) and _ON_CPU not in entry.type.lower()]
    return sum(times) or None


def _operators(text: str) -> Iterator[OperatorTime]:
    """Yield the operators in the order in which they ran; rows inside XNNPACK name its kernels and are left out."""
    _, _, profile = text.partition(_PROFILE)
    _, _, table = profile.partition(_RUN_ORDER)
    lines = iter(table.splitlines()[1:])
    header = [cell.strip() for cell in next(lines, "").strip().split("\t")]
    if "[node type]" not in header or "[avg ms]" not in header:
        return
    kind, average, name = header.index("[node type]"), header.index("[avg ms]"), len(header) - 1
    for line in lines:
        cells = [cell.strip() for cell in line.strip().split("\t")]
        if len(cells) < len(header):
            return
        ms = _finite(cells[average], 1.0)
        if ms is not None and not cells[name].startswith("Delegate/"):
            yield OperatorTime(cells[kind], ms)


def _finite(text: str, factor: float) -> float | None:
    """Return a number of 0 or more times `factor`, None where it makes no sense as a time."""
    try:
        value = float(text) * factor
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= MOST_MS else None
