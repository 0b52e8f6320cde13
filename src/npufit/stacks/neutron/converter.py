"""NXP's converter in a child process: bounded in time and output, in its own directory, without a shell."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from npufit.child_process import end_words, run_child, tool_end
from npufit.errors import ModelError, ToolEnd, ToolError, ToolFailureError
from npufit.files import write_file
from npufit.formatting import shorten
from npufit.graph import Model
from npufit.stacks.neutron.converter_target import converter_target
from npufit.stacks.neutron.known_errors import explain_error
from npufit.stacks.stack import PlaceOptions

_COMMANDS = ("neutron-converter", "neutron-compiler")
"""The names of the converter: the second from 3.2 on."""

_MOST_BYTES = 3 << 20
_LAST_LINES = 8


@dataclass(frozen=True, slots=True)
class Conversion:
    """What the converter made of a model: its file and its output, as far as npufit keeps it."""

    command: tuple[str, ...]
    model: Model
    log: str


def find_converter(options: PlaceOptions) -> tuple[str, ...] | None:
    """Return the converter's command line: the one that the user gave, or the one on the PATH, or None."""
    if options.converter:
        return options.converter
    return next(((path,) for path in map(shutil.which, _COMMANDS) if path is not None), None)


def convert_for(model: Model, chip: str, options: PlaceOptions) -> Conversion | None:
    """Return what the user's converter makes of `model` for `chip`, None without a converter. Raises ToolError."""
    command = find_converter(options)
    return None if command is None else convert(model, command, converter_target(chip), options.time_limit_s)


def convert(model: Model, command: tuple[str, ...], target: str, time_limit_s: float) -> Conversion:
    """Return what `command` makes of `model` for `target`, its own name of a chip.

    Raises ToolError if it cannot be started, ToolFailureError if it exceeds `time_limit_s`, fails, or writes no valid
    model.
    """
    from npufit.tflite import read_model, serialize_model

    with tempfile.TemporaryDirectory(prefix="npufit-neutron-") as folder:
        source, converted = Path(folder, "model.tflite"), Path(folder, "converted.tflite")
        write_file(source, serialize_model(model))
        arguments = (*command, "--input", str(source), "--output", str(converted), "--target", target)
        code, log = _run(arguments, Path(folder), time_limit_s)
        if code != 0:
            raise ToolFailureError(_failure(command, f"ended with {end_words(code)}", log), tool_end(code))
        if not converted.is_file():
            raise ToolFailureError(_failure(command, "ended without an error but wrote no file", log), ToolEnd.ERROR)
        try:
            return Conversion(command, read_model(converted), log)
        except ModelError as error:
            what = _failure(command, f"wrote a file that is not a valid model ({error})", log)
            raise ToolFailureError(what, ToolEnd.ERROR) from None


def _run(arguments: tuple[str, ...], folder: Path, time_limit_s: float) -> tuple[int, str]:
    """Return exit code and output of `arguments`; the middle of a long output is left out."""
    try:
        ended = run_child(arguments, time_limit_s, folder=folder, merged=True, most_bytes=_MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ToolError(
            f"{shorten(arguments[0], 400)}: the converter cannot be started: {reason}. Give the command of NXP's "
            "neutron-converter (eIQ Toolkit or eIQ Neutron SDK, x86-64) with --converter, or leave --converter out "
            "to see what is known without it."
        ) from None
    log = ended.output.decode("utf-8", "replace")
    if ended.code is None:
        what = _failure(arguments[:1], f"was stopped after {time_limit_s:g} s", log)
        raise ToolFailureError(f"{what} Large models can take minutes; raise the time limit.", ToolEnd.TIMEOUT)
    return ended.code, log


def _failure(command: tuple[str, ...], what: str, log: str) -> str:
    """Return the message for a failed conversion: what happened, the last lines, and what is known about them."""
    lines = [line.strip() for line in log.splitlines() if line.strip()][-_LAST_LINES:]
    said = " | ".join(shorten(line, 200) for line in lines)
    known = explain_error(log)
    parts = [
        f"{shorten(' '.join(command), 400)}: the converter {what}",
        f"Its last lines: {said}" if said else "It printed nothing",
        *([known] if known else []),
    ]
    return ". ".join(parts) + "."
