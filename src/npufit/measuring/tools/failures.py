"""Why a program on the board has no times, in words: from what it printed and how it ended."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from npufit.formatting import shorten
from npufit.measuring.tools.kept_lines import without_paths
from npufit.measuring.tools.messages import find_message

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
    ended = ending(code, name)
    message = find_message(lines)
    if message:
        return f"{message}; {ended}" if code is None or name else message
    said = (line.strip() for line in reversed(lines))
    last = next((line for line in said if line and not _CRASH.match(line)), "")
    return f"{ended}; its last line: '{shorten(without_paths(last))}'" if last else f"{ended}; it printed nothing"


def ending(code: int | None, name: str = "") -> str:
    """Return how a program ended that has no times, or ended badly after them.

    `name` is that of a signal, empty to find it in the exit code.
    """
    if code is None:
        return "it did not end in time"
    name = name or _signal(code)
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
