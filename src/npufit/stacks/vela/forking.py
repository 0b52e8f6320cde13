"""Vela for many small models: it is imported once, and a copy of its process compiles each model.

Importing Vela takes 20 times as long as compiling a model of one operator. Where processes cannot be copied
(Windows), and for executables, each model starts its own Vela.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from npufit.child_process import OTHER_PYTHON, Child, end_child, run_child, start_child
from npufit.errors import InputError, ToolError, ToolFailureError
from npufit.graph import Model, OperatorId
from npufit.stacks.placement import Unit
from npufit.stacks.vela.compiled_file import read_compiled
from npufit.stacks.vela.compiler import Compiler, Way
from npufit.stacks.vela.compiling import Invocation
from npufit.stacks.vela.labels import label_tensors, restore_names
from npufit.stacks.vela.runner import (
    ADDRESS_SPACE_BYTES,
    MODEL,
    STDERR,
    STDOUT,
    RefusedSettingsError,
    read_compiled_file,
    read_printed,
    require_success,
)
from npufit.tflite import parse_model, serialize_model


@dataclass(frozen=True, slots=True)
class BriefCompilation:
    """Where Vela put the operators of the main subgraph, in how many calls; its file and what it printed.

    Operators without a trace in the file count as on the NPU, since they are not left on the CPU. Tensors of the file
    are named by their labels.
    """

    units: tuple[Unit, ...]
    calls: int
    compiled: bytes
    printed: str


def compile_briefly(model: Model, invocation: Invocation, time_limit_s: float) -> BriefCompilation:
    """Return where the operators of `model` run, read off the compiled file, without times and reasons.

    `time_limit_s` is processor time where processes can be copied, so that a busy machine changes no answer.
    Raises InputError if Vela refuses the model, RefusedSettingsError for the settings, ToolFailureError
    if it fails, dies or takes longer than `time_limit_s`, ToolError if it cannot be started.
    """
    try:
        compiled, printed = _compile(serialize_model(label_tensors(model)), invocation, time_limit_s)
    except RefusedSettingsError:
        raise
    except ToolFailureError as error:
        raise ToolFailureError(restore_names(str(error), model), error.end) from None
    except InputError as error:
        raise InputError(restore_names(str(error), model)) from None
    found = read_compiled(parse_model(compiled, "the file that Vela compiled"), model)
    places = [OperatorId(0, index) for index in range(len(model.main.operators))]
    units = tuple(Unit.CPU if place in found.left else Unit.NPU for place in places)
    return BriefCompilation(units, len(found.calls), compiled, printed)


def _compile(model: bytes, invocation: Invocation, time_limit_s: float) -> tuple[bytes, str]:
    """Return the file that Vela makes of a file, and what it prints."""
    try:
        with tempfile.TemporaryDirectory(prefix="npufit-vela-", ignore_cleanup_errors=True) as text:
            folder = Path(text)
            (folder / MODEL).write_bytes(model)
            arguments = [MODEL, "--output-dir", ".", *invocation.settings.arguments()]
            code = _run(invocation.compiler, folder, arguments, time_limit_s)
            require_success(folder, code, time_limit_s)
            return read_compiled_file(folder), read_printed(folder)
    except OSError as error:
        raise ToolError(f"Vela could not be run: {error}.") from None


def _run(compiler: Compiler, folder: Path, arguments: Sequence[str], time_limit_s: float) -> int | None:
    """Return the exit code of a Vela that works in `folder`, None if its time was over."""
    if hasattr(os, "fork") and compiler.way is not Way.EXECUTED:
        return forking_vela(compiler).run(folder, arguments, time_limit_s)
    command = compiler.command(_CHILD, ADDRESS_SPACE_BYTES, _RECORD)
    left_out = _left_out(compiler)
    given = json.dumps(list(arguments)).encode() + b"\n"
    ended = run_child(command, time_limit_s, given=given, folder=folder, left_out=left_out)
    (folder / STDOUT).write_bytes(ended.output)
    (folder / STDERR).write_bytes(ended.errors)
    return ended.code


_CHILD = Path(__file__).with_name("_child.py")
_RECORD = "record.json"


def _left_out(compiler: Compiler) -> tuple[str, ...]:
    return () if compiler.program == sys.executable else OTHER_PYTHON


@lru_cache(maxsize=4)
def forking_vela(compiler: Compiler) -> _ForkingVela:
    """Return the process that compiles with `compiler`; it lives as long as this process."""
    return _ForkingVela(compiler)


class _ForkingVela:
    """A process that has imported Vela and copies itself for each model; it starts with the first one."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._child: Child | None = None
        self._lock = threading.Lock()

    def run(self, folder: Path, arguments: Sequence[str], time_limit_s: float) -> int | None:
        """Return the exit code of a copy that works in `folder`, None if its time was over. Raises OSError."""
        line = json.dumps([str(folder), time_limit_s, list(arguments)]).encode() + b"\n"
        with self._lock:
            child = self._living()
            assert child.stdin is not None
            assert child.stdout is not None
            with suppress(OSError):  # it died; the missing reply tells
                child.stdin.write(line)
                child.stdin.flush()
            reply = child.stdout.readline()
        if not reply:
            raise ToolError("Vela's process ended before it compiled anything. Is its installation complete?")
        code = os.waitstatus_to_exitcode(int(reply))
        return None if code in (-signal.SIGALRM, -signal.SIGPROF) else code

    def _living(self) -> Child:
        if self._child is None or self._child.poll() is not None:
            # Nothing of what is recorded of older releases is needed.
            plain = replace(self._compiler, way=Way.IMPORTED)
            command = [*plain.command(_CHILD, ADDRESS_SPACE_BYTES, _RECORD), "fork"]
            left_out = _left_out(self._compiler)
            self._child = start_child(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, left_out=left_out)
            weakref.finalize(self, _end, self._child)
        return self._child


def _end(child: Child) -> None:
    end_child(child)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):  # it still had something to say to the dead
                pipe.close()
