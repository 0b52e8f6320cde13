"""The board's own Python with LiteRT, tflite_runtime or TensorFlow, and npufit's script that times a model there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from npufit.boards import Command, Connection, PythonRuntime
from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.measuring.tools import framed
from npufit.measuring.tools.benchmark_findings import find_delegate_use, kernel_calls
from npufit.measuring.tools.failures import explain
from npufit.measuring.tools.kept_lines import kept_lines, without_paths
from npufit.measuring.tools.messages import find_message
from npufit.measuring.tools.tool import DelegateFinding, RunRequest, Timing, Tool

NAME = "python"

_SCRIPT = "time_inferences.py"
_RUNTIMES = {"ai_edge_litert": "LiteRT", "tflite_runtime": "TensorFlow Lite", "tensorflow": "TensorFlow"}


@dataclass(frozen=True, slots=True)
class PythonTool:
    """A Python on the board. `script` is the path of npufit's script there, empty until it is put there."""

    runtime: PythonRuntime
    script: str = ""

    @property
    def name(self) -> str:
        """The tool's name."""
        return NAME

    @property
    def version(self) -> str:
        """The version of the runtime."""
        return self.runtime.module_version

    def prepare(self, connection: Connection) -> Tool:
        """Put the script onto the board."""
        content = (files("npufit.measuring.tools") / "board" / _SCRIPT).read_bytes()
        return replace(self, script=connection.put(content, _SCRIPT))

    def command(self, request: RunRequest) -> Command:
        """Return the command line. Raises InputError for a profile: the Python API has none."""
        if request.with_profile:
            raise InputError(
                "LiteRT's Python API has no profile of operators. Give a benchmark_model with --tool FILE."
            )
        delegate = request.delegate
        xnnpack = {True: "on", False: "off", None: "default"}[request.xnnpack]
        arguments = (
            *(self.runtime.path, self.script, f"--model={request.model}", f"--module={self.runtime.module}"),
            *(f"--threads={request.threads}", f"--xnnpack={xnnpack}"),
            *(f"--warmup={request.warmup}", f"--runs={request.runs}"),
            *(f"--least={request.least_s:g}", f"--most={request.most_s:g}"),
            *((f"--delegate={delegate.path}",) if delegate else ()),
            *(f"--option={name}={value}" for name, value in (delegate.options if delegate else ())),
            *(f"--input={path}" for _, path in request.inputs),
            *((f"--outputs={request.outputs}",) if request.outputs else ()),
        )
        return Command(arguments, delegate.environment if delegate else (), request.affinity)

    def read(self, output: bytes, request: RunRequest, *, code: int | None = 0) -> Timing | str:
        """Return the times in the script's line, or why there are none."""
        document, lines = framed.split(output)
        if document is None:
            return explain(lines, code)
        problem = document.get("problem")
        if problem is not None:
            return _failure(str(problem), str(document.get("stage", "")), lines)
        timed, warmup = framed.member(document.get("timed")), framed.member(document.get("warmup"))
        count, before = framed.count(timed.get("count")), framed.count(warmup.get("count"))
        first = warmup if before else timed
        times = Timing(
            count=count,
            calls=None if count is None or before is None else count + before,
            mean_ms=framed.number(timed.get("mean_ms")),
            median_ms=framed.number(timed.get("median_ms")),
            min_ms=framed.number(timed.get("min_ms")),
            max_ms=framed.number(timed.get("max_ms")),
            p5_ms=framed.number(timed.get("p5_ms")),
            p95_ms=framed.number(timed.get("p95_ms")),
            std_ms=framed.number(timed.get("std_ms")),
            initialization_ms=framed.number(document.get("initialization_ms")),
            first_ms=framed.number(first.get("first_ms")),
            memory_mb=framed.number(document.get("memory_mb")),
            xnnpack=_xnnpack(document, request),
            runtime=_RUNTIMES.get(str(document.get("runtime")), ""),
            runtime_version=without_paths(shorten(str(document.get("runtime_version", "")), 40)),
            delegate=_delegate(document, lines, request),
            kernel_calls=kernel_calls(lines),
            lines=kept_lines(lines),
        )
        return times if times.count and times.median_ms else "it timed no inference"


def _failure(problem: str, stage: str, lines: Sequence[str]) -> str:
    """Return in words why the script timed nothing."""
    message = find_message((problem,)) or find_message(lines)
    where = f"{shorten(stage, 60)} failed" if stage else "it failed"
    return f"{where}: {message or without_paths(problem)}"


def _delegate(document: framed.Document, lines: Sequence[str], request: RunRequest) -> DelegateFinding:
    """Return what the delegate's lines say, and the partitions that the script counted."""
    found = find_delegate_use(lines, request)
    partitions, nodes = framed.count(document.get("partitions")), framed.count(document.get("nodes"))
    if request.delegate is None or found.failed or partitions is None:
        return found
    if not partitions:
        return replace(found, took=0, of=nodes, partitions=0)
    took = nodes if partitions == nodes else None
    return replace(found, took=found.took or took, of=nodes if found.of is None else found.of, partitions=partitions)


def _xnnpack(document: framed.Document, request: RunRequest) -> bool | None:
    """Return whether XNNPACK took part: it says "created" of models of which it takes nothing, too.

    None if nothing tells, or if a delegate may have left nothing for it.
    """
    if document.get("xnnpack_allowed") is False:
        return False
    partitions = framed.count(document.get("xnnpack_partitions"))
    return None if partitions is None or (request.delegate and not partitions) else partitions > 0
