"""Why a program on the board has no times, in words: from what it printed and how it ended."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from npufit.formatting import shorten
from npufit.measuring.tools.kept_lines import without_paths

_LIBRARY = r"(?P<name>[\w.+-]{1,80}\.so[\w.]{0,20})"
_DEVICE = r"(?P<name>/dev/[\w/]{1,60})"
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (
            rf"{_LIBRARY}[\"']?:? (?:cannot open shared object file|not found)",
            "the library {name} is missing on the board",
        ),
        (rf"library [\"']{_LIBRARY}[\"'] not found", "the library {name} is missing on the board"),
        (
            r"version `?(?P<name>(?:GLIBC|GLIBCXX|CXXABI)_[\d.]{1,12})'? not found",
            "it needs {name}, newer than the board's",
        ),
        (
            rf"{_DEVICE}.{{0,40}}permission denied|permission denied.{{0,40}}{_DEVICE.replace('name', 'other')}",
            "this user may not open {name}: run as root, or give the user access",
        ),
        (
            r"Failed to create ethos_?u driver",
            "the delegate cannot open the NPU: usually this user may not open /dev/ethosu0",
        ),
        (
            r"unresolved custom op: (?P<name>[\w.-]{1,60})",
            "nothing executes the operator {name}: no delegate took it, and the runtime lacks it",
        ),
        (r"Node number (?P<name>\d{1,9} \([\w-]{1,60}\)) failed to (?:prepare|invoke)", "operator {name} failed"),
        (r"Failed to apply (?P<name>[\w-]{1,40}) delegate", "the delegate could not be applied"),
        (
            r"Signature not specified or incorrect",
            "the model has several signatures, and this tool does not choose one",
        ),
        (r"No space left on device", "the board has no space left"),
        (
            r"(?:Failed to (?:initialize model loader|load model|mmap model)|Could not open|Model file not found)",
            "the tool cannot read the model",
        ),
        (
            r"The model is not a valid Flatbuffer|Model provided has model identifier",
            "the tool takes the file for no TFLite model",
        ),
        (
            r"Didn't find op for builtin opcode '(?P<name>[\w-]{1,60})' version '?\d",
            "the runtime is too old for the operator {name}",
        ),
        (r"Exec format error|cannot execute binary file", "the program is built for another processor"),
        (r"std::bad_alloc|MemoryError|Cannot allocate memory", "the board has not enough memory"),
        (r"Failed to read the input_layer_value_file|It should be \d{1,12} bytes", "the tool does not take the input"),
        (r"Disallowed CPU fallback detected", "not all of the model was delegated"),
    )
)
"""Messages of the dynamic loader, TensorFlow Lite, its delegates and the shell."""

_SIGNALS = {
    "SIGSEGV": "it crashed (segmentation fault)",
    "SIGILL": "it crashed (illegal instruction: built for a newer processor)",
    "SIGBUS": "it crashed (bus error)",
    "SIGABRT": "it aborted",
    "SIGFPE": "it crashed (arithmetic error)",
    "SIGKILL": "it was killed: usually the board ran out of memory",
    "SIGTERM": "it was ended",
}
_CRASHES = {
    "Segmentation fault": "SIGSEGV",
    "Illegal instruction": "SIGILL",
    "Bus error": "SIGBUS",
    "Aborted": "SIGABRT",
    "Killed": "SIGKILL",
}
"""What shells print."""

_CRASH = re.compile(rf"^(?:[^:]{{0,80}}: )?({'|'.join(_CRASHES)})(?: \(core dumped\))?$")
_CODES = {126: "the program may not be executed", 127: "the program is missing, or its dynamic loader is"}
_MOST_LINES = 2000
_MOST_SIGNAL = 64
_SHELL_SIGNAL = 128


def explain(lines: Sequence[str], code: int | None) -> str:
    """Return why there is no time, the first message that npufit knows before how the program ended.

    `lines` are what it printed, without prefixes; they are untrusted. `code` is its exit code, None if its time was
    over; 128 more than a signal, or its negative number, is that signal.
    """
    crash = next((_CRASHES[match[1]] for line in lines[-_MOST_LINES:] if (match := _CRASH.match(line.strip()))), "")
    name = crash or (_signal(code) if code else "")
    ended = _ending(code, name)
    message = find_message(lines)
    if message:
        return f"{message}; {ended}" if code is None or name else message
    said = (line.strip() for line in reversed(lines))
    last = next((line for line in said if line and not _CRASH.match(line)), "")
    return f"{ended}; its last line: '{shorten(without_paths(last))}'" if last else f"{ended}; it printed nothing"


def find_message(lines: Sequence[str]) -> str:
    """Return what the first line with a known message means, empty if there is none; reasons stand at either end."""
    for line in lines if len(lines) <= 2 * _MOST_LINES else (*lines[:_MOST_LINES], *lines[-_MOST_LINES:]):
        for pattern, words in _WORDS:
            match = pattern.search(line)
            if match is not None:
                name = next((group for group in match.groups() if group), "")
                return words.format(name=shorten(name, 80))
    return ""


def _ending(code: int | None, name: str) -> str:
    """Return how a program ended: `name` is that of a signal, empty if none is known."""
    if code is None:
        return "it did not end in time"
    if name:
        return _SIGNALS.get(name, f"it ended by {name}")
    return _CODES.get(code, f"it failed with exit code {code}" if code else "it printed no time")


def _signal(code: int) -> str:
    """Return the name of the signal that ended a program, empty if none did."""
    number = -code if code < 0 else code - _SHELL_SIGNAL
    if not 0 < number <= _MOST_SIGNAL:
        return ""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
