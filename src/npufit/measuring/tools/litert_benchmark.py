"""LiteRT's own benchmark, part of its wheel: `litert-benchmark`. Here for the CPU alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from npufit.boards import Command, Connection, PythonRuntime
from npufit.errors import InputError
from npufit.formatting import milliseconds
from npufit.measuring.tools.failures import explain
from npufit.measuring.tools.kept_lines import kept_lines
from npufit.measuring.tools.output_lines import output_lines
from npufit.measuring.tools.tool import RunRequest, Timing, Tool

NAME = "litert-benchmark"
MODULE = "ai_edge_litert"

_PROGRAM = "ai_edge_litert.tools.benchmark_litert_model"
_VALUE = re.compile(
    r"^(Model initialization|Warmup|Inference)(?: \((\w{1,8})\))?: {1,20}(\d{1,9}\.\d\d) ms(?: \((\d{1,9}) runs\))?$"
)
_ALL_OF_IT = re.compile(r"^Fully accelerated: {1,20}True$")
"""Here the only accelerator is XNNPACK."""

_RESULTS = " BENCHMARK RESULTS"
_COARSEST_MS = 0.5
"""It prints hundredths of a millisecond: below this, more than 1 % is lost to rounding."""


@dataclass(frozen=True, slots=True)
class LitertBenchmark:
    """The benchmark of the LiteRT that `runtime` can import."""

    runtime: PythonRuntime

    @property
    def name(self) -> str:
        """The tool's name."""
        return NAME

    @property
    def version(self) -> str:
        """LiteRT's version."""
        return self.runtime.module_version

    def prepare(self, connection: Connection) -> Tool:
        """Return this tool: it is there already."""
        del connection
        return self

    def command(self, request: RunRequest) -> Command:
        """Return the command line. Raises InputError for what it cannot do: delegates, inputs, outputs, profiles."""
        wanted = {
            "use a delegate": request.delegate is not None,
            "switch XNNPACK off": request.xnnpack is False,
            "profile operators": request.with_profile,
            "take inputs": bool(request.inputs),
            "write outputs": bool(request.outputs),
        }
        for words, is_wanted in wanted.items():
            if is_wanted:
                raise InputError(f"litert-benchmark cannot {words}. Use --tool python.")
        arguments = (
            *(self.runtime.path, "-m", _PROGRAM, f"--model={request.model}", f"--num_threads={request.threads}"),
            *(f"--warmup_runs={max(1, request.warmup)}", f"--num_runs={request.runs}"),
        )
        return Command(arguments, (), request.affinity)

    def read(self, output: bytes, request: RunRequest, *, code: int | None = 0) -> Timing | str:
        """Return the times in its table, or why there are none: they must not be too short for its two decimals."""
        del request
        lines = output_lines(output)
        start = next((place for place, line in enumerate(lines) if line.startswith(_RESULTS)), len(lines))
        values = [match for line in lines[start:] if (match := _VALUE.match(line)) is not None]
        ms = {(match[1], match[2] or ""): float(match[3]) for match in values}
        runs = {match[1]: int(match[4]) for match in values if match[4]}
        median = ms.get(("Inference", "median"))
        if median is None or not runs.get("Inference"):
            return explain(lines, code)
        if median < _COARSEST_MS:
            return (
                f"it prints hundredths of a millisecond, too coarse for an inference of "
                f"{milliseconds(median)}. Use --tool python"
            )
        return Timing(
            count=runs["Inference"],
            calls=runs["Inference"] + runs.get("Warmup", 0),
            mean_ms=ms.get(("Inference", "avg")),
            median_ms=median,
            min_ms=ms.get(("Inference", "min")),
            max_ms=ms.get(("Inference", "max")),
            p5_ms=ms.get(("Inference", "p5")),
            p95_ms=ms.get(("Inference", "p95")),
            std_ms=ms.get(("Inference", "std")),
            initialization_ms=ms.get(("Model initialization", "")),
            first_ms=ms.get(("Warmup", "first")),
            xnnpack=True if any(_ALL_OF_IT.match(line) for line in lines[start:]) else None,
            runtime="LiteRT",
            runtime_version=self.version,
            lines=kept_lines(lines),
        )
