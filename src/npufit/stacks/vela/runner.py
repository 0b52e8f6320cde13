"""Vela in its own process, bounded in time, memory and output."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from npufit.child_process import OTHER_PYTHON, Child, end_child, end_words, start_child, wait_child
from npufit.errors import InputError, NpufitError, ToolEnd, ToolError, ToolFailureError
from npufit.stacks.vela.compiler import Compiler, Way, bundled_compiler
from npufit.stacks.vela.settings import VelaSettings

ADDRESS_SPACE_BYTES = 8 << 30
"""The address space that Vela may map; the largest file seen, DeepLab, took 0.9 GB."""

MODEL, STDOUT, STDERR = "model.tflite", "stdout", "stderr"
"""The files of Vela's folder: what it gets, and what it prints."""

_READ_BYTES = 8 << 20
_MESSAGE_LINES = 8
_RECORD = "record.json"


class RefusedSettingsError(InputError):
    """Vela refuses its settings, with any model."""


@dataclass(frozen=True, slots=True)
class VelaOutput:
    """What one run produced: the compiled file, the debug database (XML), the summary (CSV) and Vela's printed output.

    `record` is the record of an older Vela (see `_recorder`), empty if nothing was recorded.
    """

    compiled: bytes
    database: bytes
    summary: str
    printed: str
    record: bytes = b""


class VelaProcess:
    """A Vela that is ready: its process has started and imports the compiler while the caller continues.

    It serves one compilation. An unused process ends with this object.
    """

    def __init__(self, compiler: Compiler | None = None) -> None:
        """Start the process of `compiler`, by default the Vela beside npufit.

        Raises ToolError if that fails.
        """
        self._compiler = compiler or bundled_compiler()
        child = Path(__file__).with_name("_child.py")
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="npufit-vela-", ignore_cleanup_errors=True)
            folder = Path(self._folder.name)
            with (folder / STDOUT).open("wb") as stdout, (folder / STDERR).open("wb") as stderr:
                self._child = start_child(
                    self._compiler.command(child, ADDRESS_SPACE_BYTES, _RECORD),
                    folder=folder,
                    stdin=subprocess.PIPE,
                    stdout=stdout,
                    stderr=stderr,
                    left_out=() if self._compiler.program == sys.executable else OTHER_PYTHON,
                )
        except OSError as error:
            raise ToolError(f"Vela could not be run: {error}.") from None
        weakref.finalize(self, _end, self._child, self._folder)

    def compile(self, model: bytes, settings: VelaSettings, time_limit_s: float) -> VelaOutput:
        """Return what Vela makes of `model`, the bytes of a `.tflite` file.

        Raises ToolError if Vela fails, dies or takes longer than `time_limit_s`, InputError if it says that the model
        or a setting is invalid. Messages use the tensor names of `model`.
        """
        try:
            return self._compile(Path(self._folder.name), model, settings, time_limit_s)
        except OSError as error:
            raise ToolError(f"Vela could not be run: {error}.") from None

    def _compile(self, folder: Path, model: bytes, settings: VelaSettings, time_limit_s: float) -> VelaOutput:
        (folder / MODEL).write_bytes(model)
        arguments = [MODEL, "--output-dir", ".", "--enable-debug-db", *settings.arguments()]
        stdin = self._child.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # it died already; its exit code and last words tell why
            stdin.write(json.dumps(arguments).encode() + b"\n")
            stdin.close()
        require_success(folder, wait_child(self._child, time_limit_s), time_limit_s)
        return VelaOutput(
            compiled=read_compiled_file(folder),
            database=_read_result(folder, "*_debug.xml"),
            summary=_read_result(folder, "*_summary_*.csv").decode("utf-8", "replace"),
            printed=read_printed(folder),
            record=_read_result(folder, _RECORD) if self._compiler.way is Way.RECORDED else b"",
        )


def run_vela(model: bytes, settings: VelaSettings, time_limit_s: float, compiler: Compiler | None = None) -> VelaOutput:
    """Return what Vela makes of `model` in its own process; see `VelaProcess.compile`."""
    return VelaProcess(compiler).compile(model, settings, time_limit_s)


def require_success(folder: Path, code: int | None, time_limit_s: float) -> None:
    """Raise unless the Vela that worked in `folder` ended with exit code 0; None says that its time was over.

    Raises InputError if it refuses the model, RefusedSettingsError for the settings, otherwise ToolFailureError.
    """
    if code is None:
        raise ToolFailureError(
            f"Vela did not finish within {time_limit_s:g} s and was stopped. Allow more time with --time-limit, "
            "or use a smaller model.",
            ToolEnd.TIMEOUT,
        )
    if code:
        raise _failure(code, _read_text(folder / STDERR), read_printed(folder))


def read_compiled_file(folder: Path) -> bytes:
    """Return the file that Vela compiled in `folder`. Raises ToolError if there is none."""
    return _read_result(folder, "*_vela.tflite")


def read_printed(folder: Path) -> str:
    """Return what the Vela that worked in `folder` printed."""
    return _read_text(folder / STDOUT)


def _end(child: Child, folder: tempfile.TemporaryDirectory[str]) -> None:
    if child.stdin is not None and not child.stdin.closed:
        child.stdin.close()
    end_child(child)
    folder.cleanup()


def _read_text(path: Path) -> str:
    """Return the end of the printed text: Vela prints shapes first, operators and failures last."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _READ_BYTES))
        return file.read().decode("utf-8", "replace")


def _read_result(folder: Path, pattern: str) -> bytes:
    found = sorted(folder.glob(pattern))
    if not found:
        what = f"Vela reported success but wrote no {pattern}. Is this a release that npufit knows?"
        raise ToolFailureError(what, ToolEnd.ERROR)
    return found[0].read_bytes()


@dataclass(frozen=True, slots=True)
class _Diagnosis:
    pattern: re.Pattern[str]
    error: Callable[[str], NpufitError]
    text: str


def _own_error(message: str) -> ToolFailureError:
    return ToolFailureError(message, ToolEnd.ERROR)


_DIAGNOSES = (
    _Diagnosis(re.compile(r"failed to parse", re.IGNORECASE), InputError, "Vela refuses the model"),
    _Diagnosis(
        re.compile(r"CliOptionError|ConfigOptionError|^vela: error: argument|command-line option", re.MULTILINE),
        RefusedSettingsError,
        "Vela refuses the settings",
    ),
    _Diagnosis(
        re.compile(r"Non-passthrough operation"),
        _own_error,
        "Vela gave up on an operation that it had inserted itself, as it does for bool tensors, and for a PRELU of "
        "uint8 whose input and output have different scales",
    ),
    _Diagnosis(
        re.compile(r"MemoryError|bad_alloc"),
        _own_error,
        f"Vela needs more than its limit of {ADDRESS_SPACE_BYTES >> 30} GiB of memory",
    ),
)
_EXCEPTION = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception))(?:: ?(.*))?$", re.MULTILINE)


def _failure(code: int, stderr: str, printed: str) -> NpufitError:
    # Releases before 5 print refusals in the same place as everything else.
    told = stderr if stderr.strip() else printed
    if code < 0:
        return ToolFailureError(f"Vela was killed by {end_words(code)}: {_last_words(told)}", ToolEnd.CRASH)
    for diagnosis in _DIAGNOSES:
        if diagnosis.pattern.search(told):
            return diagnosis.error(f"{diagnosis.text}: {_last_words(told)}")
    return ToolFailureError(f"Vela failed with exit code {code}: {_last_words(told)}", ToolEnd.ERROR)


def _last_words(told: str) -> str:
    """Return the message of the final exception without its traceback, or else the last lines."""
    exceptions = list(_EXCEPTION.finditer(told))
    text = told
    if exceptions:
        last = exceptions[-1]
        text = told[last.start(2) :] if last[2] else told[last.start(1) :]
    lines = [line.strip().removeprefix("- ").strip("'\"") for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-_MESSAGE_LINES:]) or "it printed nothing"
