"""Vela in its own process, bounded in time, memory and output."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError, NpufitError, ToolError
from npufit.stacks.vela.compiler import Compiler, Way, bundled_compiler
from npufit.stacks.vela.settings import VelaSettings

ADDRESS_SPACE_BYTES = 8 << 30
"""The address space that Vela may map; the largest file seen, DeepLab, took 0.9 GB."""

_READ_BYTES = 8 << 20
_MESSAGE_LINES = 8
_RECORD = "record.json"
_OWN_PYTHON = ("PYTHONHOME", "PYTHONPATH")
"""Environment variables that are meant for one Python and would mislead another."""


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
            with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
                self._child = subprocess.Popen(
                    self._compiler.command(child, ADDRESS_SPACE_BYTES, _RECORD),
                    cwd=folder,
                    stdin=subprocess.PIPE,
                    stdout=stdout,
                    stderr=stderr,
                    # One thread per core would reserve address space by the gigabyte on large machines.
                    env={**_environment(self._compiler), "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
                    start_new_session=True,
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
        (folder / "model.tflite").write_bytes(model)
        arguments = ["model.tflite", "--output-dir", ".", "--enable-debug-db", *settings.arguments()]
        stdin = self._child.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # it died already; its exit code and last words tell why
            stdin.write(json.dumps(arguments).encode() + b"\n")
            stdin.close()
        code = _wait(self._child, time_limit_s)
        if code is None:
            raise ToolError(
                f"Vela did not finish within {time_limit_s:g} s and was stopped. Allow more time with --time-limit, "
                "or use a smaller model."
            )
        printed = _read_text(folder / "stdout")
        if code != 0:
            raise _failure(code, _read_text(folder / "stderr"), printed)
        return VelaOutput(
            compiled=_read_result(folder, "*_vela.tflite"),
            database=_read_result(folder, "*_debug.xml"),
            summary=_read_result(folder, "*_summary_*.csv").decode("utf-8", "replace"),
            printed=printed,
            record=_read_result(folder, _RECORD) if self._compiler.way is Way.RECORDED else b"",
        )


def run_vela(model: bytes, settings: VelaSettings, time_limit_s: float, compiler: Compiler | None = None) -> VelaOutput:
    """Return what Vela makes of `model` in its own process; see `VelaProcess.compile`."""
    return VelaProcess(compiler).compile(model, settings, time_limit_s)


def _environment(compiler: Compiler) -> dict[str, str]:
    own = compiler.program == sys.executable
    return {name: value for name, value in os.environ.items() if own or name not in _OWN_PYTHON}


def _end(child: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    if child.stdin is not None and not child.stdin.closed:
        child.stdin.close()
    if child.poll() is None:
        _kill(child)
        child.wait()
    folder.cleanup()


def _wait(child: subprocess.Popen[bytes], time_limit_s: float) -> int | None:
    """Return the exit code, or None if the time limit ended the process; in any case no process is left behind.

    This uses a timer because `wait` with a time limit polls, which costs up to 50 ms.
    """
    expired = threading.Event()

    def end() -> None:
        expired.set()
        _kill(child)

    timer = threading.Timer(min(time_limit_s, threading.TIMEOUT_MAX), end)
    timer.daemon = True
    timer.start()
    try:
        code = child.wait()
    finally:
        timer.cancel()
        if child.returncode is None:
            _kill(child)
            child.wait()
    return None if expired.is_set() else code


def _kill(child: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()


def _read_text(path: Path) -> str:
    """Return the end of the printed text: Vela prints shapes first, operators and failures last."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _READ_BYTES))
        return file.read().decode("utf-8", "replace")


def _read_result(folder: Path, pattern: str) -> bytes:
    found = sorted(folder.glob(pattern))
    if not found:
        raise ToolError(f"Vela reported success but wrote no {pattern}. Is this a release that npufit knows?")
    return found[0].read_bytes()


@dataclass(frozen=True, slots=True)
class _Diagnosis:
    pattern: re.Pattern[str]
    error: type[NpufitError]
    text: str


_DIAGNOSES = (
    _Diagnosis(re.compile(r"failed to parse", re.IGNORECASE), InputError, "Vela refuses the model"),
    _Diagnosis(
        re.compile(r"CliOptionError|ConfigOptionError|^vela: error: argument|command-line option", re.MULTILINE),
        InputError,
        "Vela refuses the settings",
    ),
    _Diagnosis(
        re.compile(r"Non-passthrough operation"),
        ToolError,
        "Vela gave up on an operation that it had inserted itself, as it does for bool tensors, and for a PRELU of "
        "uint8 whose input and output have different scales",
    ),
    _Diagnosis(
        re.compile(r"MemoryError|bad_alloc"),
        ToolError,
        f"Vela needs more than its limit of {ADDRESS_SPACE_BYTES >> 30} GiB of memory",
    ),
)
_SIGNALS = {member.value: member.name for member in signal.Signals}
_EXCEPTION = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception))(?:: ?(.*))?$", re.MULTILINE)


def _failure(code: int, stderr: str, printed: str) -> NpufitError:
    # The releases before 5 print what they refuse where they print everything else.
    told = stderr if stderr.strip() else printed
    if code < 0:
        return ToolError(f"Vela was killed by signal {_SIGNALS.get(-code, -code)}: {_last_words(told)}")
    for diagnosis in _DIAGNOSES:
        if diagnosis.pattern.search(told):
            return diagnosis.error(f"{diagnosis.text}: {_last_words(told)}")
    return ToolError(f"Vela failed with exit code {code}: {_last_words(told)}")


def _last_words(told: str) -> str:
    """Return the message of the final exception without its traceback, or else the last lines."""
    exceptions = list(_EXCEPTION.finditer(told))
    text = told
    if exceptions:
        last = exceptions[-1]
        text = told[last.start(2) :] if last[2] else told[last.start(1) :]
    lines = [line.strip().removeprefix("- ").strip("'\"") for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-_MESSAGE_LINES:]) or "it printed nothing"
