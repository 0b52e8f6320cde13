"""Which tools a board offers, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from npufit.boards import BoardFacts
from npufit.errors import InputError, ToolError
from npufit.formatting import shorten
from npufit.measuring.options import BenchOptions
from npufit.measuring.tools import benchmark_model, litert_benchmark, python
from npufit.measuring.tools.benchmark_model import BenchmarkModel
from npufit.measuring.tools.benchmark_options import parse_version
from npufit.measuring.tools.litert_benchmark import LitertBenchmark
from npufit.measuring.tools.programs import check_program
from npufit.measuring.tools.python import PythonTool
from npufit.measuring.tools.tool import RunRequest, Tool

_GIVE_ONE = (
    "Give a benchmark_model for the board with --tool FILE (LiteRT's and TensorFlow's releases have them), or install "
    "ai-edge-litert or tflite-runtime there."
)


def tools_of(facts: BoardFacts, options: BenchOptions) -> tuple[Tool, ...]:
    """Return the tools that can time a model on the board, the best first, without putting anything there.

    `options.tool` limits them to one kind, or is a program on this machine. Raises InputError for a program that the
    board cannot run, ToolError if there is no tool, in words.
    """
    wanted = options.tool
    if wanted is None:
        found = tuple(tool for find in _FINDERS.values() for tool in find(facts))
        if not found:
            raise ToolError(f"the board has no benchmark_model, and {_pythons(facts)}. {_GIVE_ONE}")
        return found
    if isinstance(wanted, str) and wanted in _FINDERS:
        found = _FINDERS[wanted](facts)
        if not found:
            raise ToolError(f"--tool {wanted}: {_instead(facts, wanted)}")
        return found
    path = Path(wanted)
    if not path.is_file():
        names = ", ".join(_FINDERS)
        raise InputError(f"--tool {shorten(str(wanted))}: neither a file here nor one of {names}.")
    check_program(path, facts.architecture)
    return (BenchmarkModel(version=_version_of(path), file=path),)


def one_of_each(tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """Return the best tool of each kind."""
    best: dict[str, Tool] = {}
    for tool in tools:
        best.setdefault(tool.name, tool)
    return tuple(best.values())


def able_one(tools: Sequence[Tool], request: RunRequest) -> Tool:
    """Return the first of `tools` that can carry out `request`: Python writes outputs, old benchmark_models do not.

    Raises InputError in the words of the first if none can.
    """
    why: InputError | None = None
    for tool in tools:
        try:
            tool.command(request)
        except InputError as error:
            why = why or error
        else:
            return tool
    raise why or InputError("The board has nothing that times models.")


def _benchmark_models(facts: BoardFacts) -> tuple[Tool, ...]:
    files = [file for file in facts.of_kind("tool") if file.name == benchmark_model.NAME]
    tools = [BenchmarkModel(file.path, file.version or ".".join(map(str, parse_version(file.path)))) for file in files]
    return tuple(sorted(tools, key=lambda tool: parse_version(tool.version), reverse=True))


def _python_tools(facts: BoardFacts) -> tuple[Tool, ...]:
    return tuple(PythonTool(runtime) for runtime in facts.runtimes if runtime.module and runtime.has_numpy)


def _litert_benchmarks(facts: BoardFacts) -> tuple[Tool, ...]:
    return tuple(LitertBenchmark(runtime) for runtime in facts.runtimes if runtime.module == litert_benchmark.MODULE)


_FINDERS: Mapping[str, Callable[[BoardFacts], tuple[Tool, ...]]] = {
    benchmark_model.NAME: _benchmark_models,
    python.NAME: _python_tools,
    litert_benchmark.NAME: _litert_benchmarks,
}
"""The tools by name, the best first: benchmark_model profiles operators and has no Python around each inference."""


def _instead(facts: BoardFacts, wanted: str) -> str:
    """Return in words why a kind of tool is missing, and what there is instead."""
    missing = "the board has no benchmark_model" if wanted == benchmark_model.NAME else _pythons(facts)
    others = ", ".join(name for name, find in _FINDERS.items() if find(facts))
    return f"{missing}. It has {others}: leave --tool out, or give a FILE." if others else f"{missing}. {_GIVE_ONE}"


def _version_of(path: Path) -> str:
    return ".".join(map(str, parse_version(str(path))))


def _pythons(facts: BoardFacts) -> str:
    """Return in words why no Python of the board can time a model."""
    if not facts.runtimes:
        return "it has no Python"
    without = next((runtime for runtime in facts.runtimes if runtime.module), None)
    if without is not None:
        return f"its Python lacks {'NumPy' if not without.has_numpy else 'LiteRT'}"
    return "its Python has neither LiteRT nor TensorFlow Lite"
