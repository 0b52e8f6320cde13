"""A board, its software and the settings of the runs, as a measurement keeps them: names and digests, no paths."""

from __future__ import annotations

import re
from collections.abc import Sequence

from npufit.boards import BoardFacts, BoardFile
from npufit.measurements import MeasuredBoard, MeasuredSoftware, RunSettings, UsedFile
from npufit.measuring.options import BenchOptions
from npufit.measuring.runs import DoneRun, counted
from npufit.measuring.tools.tool import Tool

_FOLDERS = re.compile(r"/(?:[^/\s=:;,]+/)*(?=[^/\s=:;,])")
"""The folders of an absolute path, wherever it stands in a word of a command line."""

_MOST_COMMAND = 2000


def measured_board(facts: BoardFacts, label: str) -> MeasuredBoard:
    """Return what a measurement keeps of the board itself."""
    return MeasuredBoard(
        facts.chip,
        facts.model,
        facts.compatible,
        facts.soc,
        facts.revision,
        facts.architecture,
        facts.cores,
        label,
    )


def measured_software(facts: BoardFacts, tool: Tool, done: Sequence[DoneRun], delegate: str) -> MeasuredSoftware:
    """Return what took part: system, tool, runtime, the delegate at the path `delegate`, and firmware."""
    system = facts.os or {}
    timings = [run.timing for run in counted(done) if run.timing is not None]
    files = [*facts.of_kind("delegate"), *facts.of_kind("firmware")]
    return MeasuredSoftware(
        kernel=facts.kernel,
        os=" ".join(filter(None, (system.get("ID"), system.get("VERSION_ID")))),
        bsp=facts.bsp,
        mesa=facts.mesa,
        tool=tool.name,
        tool_version=tool.version,
        runtime=next((timing.runtime for timing in timings if timing.runtime), ""),
        runtime_version=next((timing.runtime_version for timing in timings if timing.runtime_version), ""),
        files=tuple(_used(file) for file in files if file.kind != "delegate" or file.path == delegate),
    )


def _used(file: BoardFile) -> UsedFile:
    return UsedFile(file.kind, file.name, file.sha256, file.version)


def run_settings(done: Sequence[DoneRun], options: BenchOptions, processes: int) -> RunSettings:
    """Return how the model was run; of the runs, the last that counts says it, with the NPU if one used it."""
    timed = counted(done)
    if not timed:
        raise ValueError("no run says how the model was run")
    last = sorted(timed, key=lambda run: run.planned.with_npu)[-1]
    delegate = last.request.delegate
    said = [run.timing.xnnpack for run in timed if run.timing is not None and run.timing.xnnpack is not None]
    return RunSettings(
        threads=last.request.threads,
        processes=processes,
        xnnpack=said[0] if said else last.request.xnnpack,
        governors=tuple(dict.fromkeys(clock.governor for clock in last.run.before.clocks if clock.governor)),
        affinity=options.affinity,
        delegate="" if delegate is None else without_folders(delegate.path),
        delegate_options="" if delegate is None else ";".join(f"{name}:{value}" for name, value in delegate.options),
        command=without_folders(" ".join(last.run.command.arguments))[:_MOST_COMMAND],
    )


def without_folders(text: str) -> str:
    """Return `text` with the names of files instead of their paths."""
    return _FOLDERS.sub("", text)
