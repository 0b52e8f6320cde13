"""TensorFlow Lite's benchmark_model: that of the board, or one that the user gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npufit.boards import Command, Connection
from npufit.cost.measured import Statistics, read_profile_rows, read_session, read_statistics
from npufit.formatting import shorten
from npufit.measuring.tools import benchmark_options
from npufit.measuring.tools.benchmark_findings import find_delegate_use, kernel_calls, operators_of, says_xnnpack
from npufit.measuring.tools.failures import explain
from npufit.measuring.tools.kept_lines import kept_lines, without_paths
from npufit.measuring.tools.output_lines import output_lines
from npufit.measuring.tools.tool import RunRequest, Timing, Tool

NAME = "benchmark_model"

_FAILED = "Benchmarking failed"
_SUMMARY = "Inference timings in us: "
_UNKNOWN_OPTIONS = "Unconsumed cmdline flags:"
_VERSION_LINE = "Tensorflow Version"
_IN_A_MILLISECOND = 1000
_ROUNDED = 1e-4
"""The mean is printed with six digits."""


@dataclass(frozen=True, slots=True)
class BenchmarkModel:
    """A benchmark_model on the board at `path`, or the program in `file` on this machine, which is put there."""

    path: str = ""
    version: str = ""
    file: Path | None = None

    @property
    def name(self) -> str:
        """The tool's name."""
        return NAME

    def prepare(self, connection: Connection) -> Tool:
        """Put the user's program onto the board, if it is one."""
        if self.file is None:
            return self
        return replace(self, path=connection.put(self.file, NAME, is_executable=True), file=None)

    def command(self, request: RunRequest) -> Command:
        """Return the command line. Raises InputError for what this version cannot do."""
        options = benchmark_options.options_of(request, benchmark_options.parse_version(self.version))
        environment = request.delegate.environment if request.delegate else ()
        return Command((self.path, *options), environment, request.affinity)

    def read(self, output: bytes, request: RunRequest, *, code: int | None = 0) -> Timing | str:
        """Return the times, or why there are none: a run is over with its summary, whatever the exit code is then."""
        lines = output_lines(output)
        if any(_FAILED in line for line in lines):
            return explain(lines, code)
        statistics = read_statistics(lines)
        if len(statistics) < 2 or not any(_SUMMARY in line for line in lines):
            return explain(lines, code)
        warmup, timed = statistics[0], statistics[-1]
        problem = _unusable(timed) or _ignored_option(lines, request)
        if problem:
            return problem
        session, rows = read_session(lines), read_profile_rows(lines)
        return Timing(
            count=timed.count,
            calls=warmup.count + timed.count,
            mean_ms=_ms(timed.mean),
            median_ms=_ms(timed.median),
            min_ms=_ms(timed.least),
            max_ms=_ms(timed.most),
            p5_ms=_ms(timed.p5),
            p95_ms=_ms(timed.p95),
            std_ms=_ms(timed.deviation),
            initialization_ms=_ms(session.initialization),
            first_ms=_ms(session.first if warmup.count else timed.first),
            memory_mb=session.memory_mb,
            xnnpack=says_xnnpack(lines, rows),
            runtime="TensorFlow Lite",
            runtime_version=_printed_version(lines) or self.version,
            delegate=find_delegate_use(lines, request),
            operators=operators_of(rows) if request.with_profile else (),
            kernel_calls=kernel_calls(lines),
            lines=kept_lines(lines),
        )


def _unusable(timed: Statistics) -> str:
    """Return why the times cannot be right, empty if they can."""
    middle = timed.mean
    if not timed.count or not middle:
        return "it timed no inference"
    bounds = ((timed.least, middle), (middle, timed.most), (timed.least, timed.median), (timed.median, timed.most))
    if any(low is not None and high is not None and low > high * (1 + _ROUNDED) for low, high in bounds):
        return "its times contradict one another"
    return ""


def _ignored_option(lines: Sequence[str], request: RunRequest) -> str:
    """Return which option the tool did not know although the run depends on it, empty if there is none.

    The tool warns of options that it does not know, and runs without them.
    """
    ignored = next((line for line in lines if _UNKNOWN_OPTIONS in line), "")
    needed: Mapping[str, bool] = {
        "--external_delegate_path": request.delegate is not None,
        "--external_delegate_options": request.delegate is not None and bool(request.delegate.options),
        "--use_xnnpack": request.xnnpack is True and request.delegate is None,
        "--enable_op_profiling": request.with_profile,
        "--input_layer_value_files": bool(request.inputs),
        "--output_filepath": bool(request.outputs),
    }
    found = [option for option, is_needed in needed.items() if is_needed and f"{option}=" in ignored]
    return f"this benchmark_model has no option {', '.join(found)}" if found else ""


def _printed_version(lines: Sequence[str]) -> str:
    line = next((line for line in lines if line.startswith(_VERSION_LINE)), "")
    return shorten(without_paths(line.partition(":")[2].strip()), 40)


def _ms(microseconds: float | None) -> float | None:
    return None if microseconds is None else float(f"{microseconds / _IN_A_MILLISECOND:.9g}")
