"""One model on the board: where its files are there, and how each of its runs is made."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from npufit.errors import InputError, ToolError
from npufit.files import make_folder, write_file
from npufit.measurements import Role
from npufit.measuring.options import BenchOptions
from npufit.measuring.outputs import SentInputs, send_inputs
from npufit.measuring.plan import PlannedRun
from npufit.measuring.preparing import PreparedModel
from npufit.measuring.setup import Setup
from npufit.measuring.tools import able_one
from npufit.measuring.tools.bundle import BundleTool
from npufit.measuring.tools.tool import DelegateUse, RunRequest, Tool

_FOLDER = "model"
_KNOWN_FOLDER = "known"
_FEW_RUNS = 10
"""Inferences of a run whose times do not count."""

_MOST_S = 60.0


@dataclass(frozen=True, slots=True)
class ForNpu:
    """A model as the NPU's stack takes it on the board: the path of its file and what times it, the best first."""

    path: str
    tools: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class ModelOnBoard:
    """A model whose files are on the board: for the CPU alone, for the NPU, and the known network.

    `inputs` are those of a comparison, None without one.
    """

    setup: Setup
    for_cpu: str
    for_npu: ForNpu
    known: ForNpu
    inputs: SentInputs | None = None

    def tool_for(self, planned: PlannedRun) -> Tool:
        """Return the best tool that can make the run. Raises InputError if the board has none."""
        tools = self._on_npu(planned).tools if planned.with_npu else self.setup.tools
        if not tools:
            raise InputError(self.setup.why_no_tool)
        return able_one(tools, self.request_for(planned))

    def request_for(self, planned: PlannedRun) -> RunRequest:
        """Return how the run is made. Raises InputError if a comparison has no inputs."""
        options = self.setup.options
        request = RunRequest(
            model=self._path(planned),
            threads=self.setup.threads,
            delegate=self._delegate(planned),
            xnnpack=options.xnnpack,
            runs=options.runs,
            least_s=options.least_s,
            most_s=min(_MOST_S, options.time_limit_s / 2),
            affinity=options.affinity,
        )
        if planned.role is Role.PROFILE:
            return replace(request, with_profile=True)
        if planned.role is Role.OUTPUTS:
            return self._with_inputs(request)
        if planned.role in (Role.KNOWN, Role.EVIDENCE):
            return replace(request, runs=_FEW_RUNS, least_s=0.0)
        return request

    def _with_inputs(self, request: RunRequest) -> RunRequest:
        if self.inputs is None:
            raise InputError("no inputs were sent to the board")
        sent = self.inputs
        return replace(
            request,
            warmup=0,
            runs=1,
            least_s=0.0,
            inputs=sent.sent,
            input_shapes=sent.shapes,
            outputs=sent.results,
        )

    def _on_npu(self, planned: PlannedRun) -> ForNpu:
        return self.known if planned.role is Role.KNOWN else self.for_npu

    def _path(self, planned: PlannedRun) -> str:
        return self._on_npu(planned).path if planned.with_npu else self.for_cpu

    def _delegate(self, planned: PlannedRun) -> DelegateUse | None:
        if not planned.with_npu:
            return None
        return self.setup.delegate_for(planned.role)


def send(setup: Setup, prepared: PreparedModel) -> ModelOnBoard:
    """Put the files of a model onto the board, where they replace those of an earlier one.

    Raises ToolError if the board does not take them (no space left), LostConnectionError.
    """
    connection, known = setup.connection, setup.known.prepared
    connection.shell(f"rm -rf {_FOLDER} {_KNOWN_FOLDER}")
    for_cpu = connection.put(prepared.for_cpu, f"{_FOLDER}/model.tflite") if prepared.runs_on_cpu else ""
    is_same = prepared.runs_on_cpu and prepared.for_npu == prepared.for_cpu
    return ModelOnBoard(
        setup,
        for_cpu,
        ForNpu(for_cpu, setup.tools) if is_same else _sent(setup, prepared, _FOLDER),
        ForNpu("", ()) if known is None else _sent(setup, known, _KNOWN_FOLDER),
    )


def with_inputs(
    on_board: ModelOnBoard, prepared: PreparedModel, options: BenchOptions, *, with_npu: bool
) -> ModelOnBoard:
    """Return `on_board` with the input of a comparison. Raises InputError, ToolError and LostConnectionError."""
    sent = send_inputs(on_board.setup.connection, prepared, options.seed, with_npu=with_npu)
    return replace(on_board, inputs=sent)


def _sent(setup: Setup, prepared: PreparedModel, folder: str) -> ForNpu:
    """Put what the NPU runs onto the board: the file that the delegate gets, or a bundle with what runs it."""
    if prepared.bundle:
        return ForNpu("", (_sent_bundle(setup, prepared, f"{folder}/bundle"),))
    if prepared.for_npu is None:
        return ForNpu("", ())
    return ForNpu(setup.connection.put(prepared.for_npu, f"{folder}/npu.tflite"), setup.tools)


def _sent_bundle(setup: Setup, prepared: PreparedModel, place: str) -> Tool:
    runtimes = sorted(setup.facts.runtimes, key=lambda runtime: (runtime.has_numpy, bool(runtime.module)))
    if not runtimes or not runtimes[-1].has_numpy:
        raise ToolError("a bundle's run.py needs Python 3.9 with NumPy on the board: apt install python3-numpy.")
    with tempfile.TemporaryDirectory(prefix="npufit-bundle-") as name:
        for path, content in prepared.bundle.items():
            file = Path(name, path)
            make_folder(file.parent)
            write_file(file, content)
        return BundleTool(runtimes[-1], Path(name), place=place).prepare(setup.connection)
