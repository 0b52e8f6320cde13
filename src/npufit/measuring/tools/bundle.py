"""A bundle of `npufit deploy`: its run.py times one network on the NPU, through Linux's own driver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from npufit.boards import Command, Connection, PythonRuntime
from npufit.errors import InputError
from npufit.formatting import plural, shorten
from npufit.measurements import OperatorMeasurement
from npufit.measuring.tools import framed
from npufit.measuring.tools.failures import explain
from npufit.measuring.tools.kept_lines import kept_lines, without_paths
from npufit.measuring.tools.tool import DelegateFinding, RunRequest, Timing, Tool

NAME = "bundle"

_TIMING, _OUTPUTS = "run_bundle.sh", "bundle_outputs.py"
_RUNTIME = "npufit deploy"
_FOLDER = "bundle"
_ERROR = "error: "
_PLAIN = ".bin"


@dataclass(frozen=True, slots=True)
class BundleTool:
    """The bundle in `folder` on this machine; `path` is its folder on the board, empty until it is put there.

    `place` is the name of that folder. `runtime` is the board's Python: 3.9 or later, with NumPy, and with LiteRT if
    the bundle has parts for the CPU. `scripts` is the folder of the scripts that run it.
    """

    runtime: PythonRuntime
    folder: Path
    path: str = ""
    place: str = _FOLDER
    scripts: str = ""

    @property
    def name(self) -> str:
        """The tool's name."""
        return NAME

    @property
    def version(self) -> str:
        """Empty: the bundle's version is in what it prints."""
        return ""

    def prepare(self, connection: Connection) -> Tool:
        """Put the bundle's files and the scripts that run them onto the board."""
        for file in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            connection.put(file, f"{self.place}/{file.relative_to(self.folder).as_posix()}")
        for script in (_TIMING, _OUTPUTS):
            connection.put((files("npufit.measuring.tools") / "board" / script).read_bytes(), script)
        return replace(self, path=f"{connection.folder}/{self.place}", scripts=connection.folder)

    def command(self, request: RunRequest) -> Command:
        """Return the command line; `request.model` does not matter, the network is the bundle's.

        With outputs, the network is executed once. Otherwise `runs` count, after a warm-up of one; there are no limits
        of time. Raises InputError for a run on the CPU alone, and for inputs whose names do not end in `.bin`: run.py
        takes others for images.
        """
        if request.delegate is None:
            raise InputError("A bundle uses the NPU. Measure the CPU alone with the model and another tool.")
        inputs = [path for _, path in request.inputs]
        if not all(path.endswith(_PLAIN) for path in inputs):
            raise InputError(f"A bundle takes plain bytes from files whose names end in {_PLAIN}.")
        if request.outputs:
            arguments = (self.runtime.path, f"{self.scripts}/{_OUTPUTS}", self.path, request.outputs, *inputs)
        else:
            script = ("sh", f"{self.scripts}/{_TIMING}", self.runtime.path, self.path, f"{self.path}.json")
            arguments = (*script, f"--repeat={request.runs}", *(f"--input={path}" for path in inputs))
        return Command(arguments, request.delegate.environment, request.affinity)

    def read(self, output: bytes, request: RunRequest, *, code: int | None = 0) -> Timing | str:
        """Return the times that run.py found, or why there are none; an execution for the outputs has no times."""
        document, lines = framed.split(output)
        if code != 0:
            said = next((line.removeprefix(_ERROR) for line in reversed(lines) if line.startswith(_ERROR)), "")
            return f"run.py: {without_paths(said)}" if said else explain(lines, code)
        if request.outputs:
            return Timing(calls=1, runtime=_RUNTIME, lines=kept_lines(lines))
        times = framed.member(document and document.get("times"))
        total, count = framed.member(times.get("total")), framed.count(times.get("inferences"))
        median = framed.number(total.get("median_ms"))
        if document is None or not count or not median:
            return explain(lines, code)
        steps = framed.members(times.get("steps"))
        calls = sum(step.get("unit") == "NPU" for step in steps)
        return Timing(
            count=count,
            calls=count + 1,
            median_ms=median,
            min_ms=framed.number(total.get("min_ms")),
            first_ms=framed.number(times.get("first_ms")),
            runtime=_RUNTIME,
            runtime_version=shorten(str(framed.member(document.get("bundle")).get("npufit", "")), 40),
            delegate=DelegateFinding(partitions=calls, line=f"run.py: {plural(calls, 'call')} of the NPU an inference"),
            operators=_operators(steps) if request.with_profile else (),
            lines=kept_lines(lines),
        )


def _operators(steps: tuple[framed.Document, ...]) -> tuple[OperatorMeasurement, ...]:
    """Return the steps of a bundle: a call of the NPU, or operators of the CPU, with the median of each."""
    return tuple(
        OperatorMeasurement(
            unit="npu" if step.get("unit") == "NPU" else "cpu",
            type="call of the NPU" if step.get("unit") == "NPU" else "operators of the CPU",
            name=f"step {place}",
            ms=framed.number(step.get("median_ms")),
            how="run.py: the median of each step",
        )
        for place, step in enumerate(steps)
    )
