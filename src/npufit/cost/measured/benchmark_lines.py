"""The lines of a log, without the prefixes of terminals, loggers and consoles, and split into runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LONGEST_LINE = 8192
_MOST_COMMANDS = 64
_START = "STARTING!"

_COLOR = re.compile(r"\x1b\[[0-9;]{0,16}[A-Za-z]")
_LOGCAT = re.compile(
    r"^(?:\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +\d{1,7} +\d{1,7} [VDIWEF] [^:]{1,80}?: ?|"
    r"[VDIWEF]/[^(:]{1,80}\( *\d{1,7}\): ?)"
)
_LEVEL = re.compile(r"^(?:VERBOSE|INFO|WARNING|ERROR|FATAL): ")
_COMMAND = re.compile(r"(?:benchmark_model|label_image)[\w.+-]{0,80}\s{1,80}-{1,2}\w|benchmark with args: +-")
_GOES_ON = re.compile(r"^\s{0,80}--\w")
_SUMMARY = re.compile(r"\bInference \(avg\): |\bno stats: |\baverage time: ")
_BEGINNING = re.compile(
    r"^(?:Log parameter values verbosely|Graph: \[|External delegate path: |Loaded model )|nodes delegated out of \d"
)


@dataclass(slots=True)
class RunLines:
    """One run: the echoed command (empty if there was none), and the lines after it."""

    command: str = ""
    lines: list[str] = field(default_factory=list[str])
    has_started: bool = False
    has_summary: bool = False

    @property
    def is_empty(self) -> bool:
        """True if nothing that belongs to a run was seen yet."""
        return not (self.command or self.has_started or self.has_summary or self.lines)


def split_runs(text: str) -> Iterator[RunLines]:
    """Yield the runs in `text`: each begins with its command, with `STARTING!`, or after a summary."""
    run = RunLines()
    is_command = False
    for line in plain_lines(text):
        before, started, after = line.partition(_START)
        if _COMMAND.search(before):
            if not run.is_empty:
                yield run
            run, is_command = RunLines(before), not started
        elif is_command and _GOES_ON.match(before):
            run.command += " " + before
            continue
        else:
            is_command = False
            is_another = run.has_summary and (_SUMMARY.search(line) or _BEGINNING.search(line))
            if is_another or (started and (run.has_started or run.has_summary)):
                yield run
                run = RunLines()
            run.lines.append(after if started else line)
        run.has_started = run.has_started or bool(started)
        run.has_summary = run.has_summary or _SUMMARY.search(line) is not None
    if not run.is_empty:
        yield run


def plain_lines(text: str) -> Iterator[str]:
    """Yield the lines without prefixes; lines that end in a backslash are joined with the next."""
    waiting: list[str] = []
    for raw in text.splitlines():
        line = _LEVEL.sub("", _LOGCAT.sub("", _COLOR.sub("", raw[:_LONGEST_LINE])), count=1).rstrip()
        if line.endswith("\\") and len(waiting) < _MOST_COMMANDS:
            waiting.append(line[:-1])
            continue
        yield " ".join([*waiting, line])
        waiting.clear()
    if waiting:
        yield " ".join(waiting)
