"""Readings of a board, and a program that runs there between two of them."""

from __future__ import annotations

import itertools
import math
import re
import shlex

from npufit.boards.board_script import board_script
from npufit.boards.connection import Completed, Connection
from npufit.boards.read_readings import read_readings, with_trips
from npufit.boards.readings import Command, Readings, WatchedRun
from npufit.errors import InputError, ToolError
from npufit.formatting import shorten

MOST_PROGRAM_BYTES = 4 << 20
_MOST_SAMPLES = 600
_READINGS_BYTES = 4 << 20
_BLOCK_BYTES = 512
"""The unit of `ulimit -f`; of some shells it is 1024."""

_MOST_FILE_BLOCKS = 1 << 20
"""What a program may write into one file of the board."""

_STARTING_S, _SLOWNESS = 30.0, 1.2
"""How long the line waits beyond the program's own limit: to start and end, and because readings take time, too."""

_MASK = re.compile(r"(0x)?[0-9a-fA-F]{1,64}")
_SHORTEST_S = 0.01
_NO_TASKSET = 97


def read(connection: Connection) -> Readings:
    """Return what the board says of itself now. Raises ToolError if it cannot."""
    completed = connection.shell(board_script("readings.sh", variables={}, call="reading full"))
    found = next(read_readings(_lines(completed.output)), None)
    if found is None:
        raise _no_readings(connection, completed)
    return found


def watch(
    connection: Connection,
    command: Command,
    *,
    time_limit_s: float,
    every_s: float = 1.0,
    most_bytes: int = MOST_PROGRAM_BYTES,
) -> WatchedRun:
    """Run `command` on the board between two readings, in one round trip, and return all that was seen.

    Every `every_s` seconds a reading without interrupts is taken while it runs. Of its output, the first `most_bytes`
    are kept; after `time_limit_s` it and its children are ended. Raises InputError if the affinity is no mask, and
    ToolError if the board cannot do that.
    """
    if command.affinity and not _MASK.fullmatch(command.affinity):
        raise InputError(f"affinity '{shorten(command.affinity)}': give a mask, such as 0x3 for two cores.")
    every_s = max(every_s, time_limit_s / _MOST_SAMPLES, _SHORTEST_S)
    every_s = math.ceil(every_s) if every_s > 1 else every_s  # some sleeps know whole seconds only
    variables = {
        "every_s": f"{every_s:g}",
        "most_ticks": max(1, round(time_limit_s / every_s)),
        "most_output_blocks": most_bytes // _BLOCK_BYTES + 1,
        "most_file_blocks": _MOST_FILE_BLOCKS,
        "no_taskset": _NO_TASKSET,
        "affinity": command.affinity,
    }
    script = board_script("readings.sh", "watch.sh", variables=variables, call=f"watch {_words(command)}")
    completed = connection.shell(
        script, time_limit_s=_SLOWNESS * time_limit_s + _STARTING_S, most_bytes=most_bytes + _READINGS_BYTES
    )
    if completed.code == _NO_TASKSET:
        raise ToolError(f"{connection.name} has no taskset, so no cores can be chosen: leave the affinity out.")
    return _watched(connection, command, completed, most_bytes)


def _words(command: Command) -> str:
    """Return the command as words of a shell. `env` sets variables, whatever their values are."""
    variables = [f"{name}={value}" for name, value in command.environment]
    cores = ["taskset", command.affinity] if command.affinity else []
    return shlex.join([*cores, *(["env", *variables] if variables else []), *command.arguments])


def _watched(connection: Connection, command: Command, completed: Completed, most_bytes: int) -> WatchedRun:
    """Return the run that `board/watch.sh` describes. The program's own output comes last, so it cannot be taken for
    anything else."""
    told, found, output = completed.output.partition(b"\noutput\n")
    ended = next((line.split("\t") for line in reversed(_lines(told)) if line.startswith("ended\t")), None)
    lines = iter(_lines(told))
    first = list(read_readings(itertools.takewhile(lambda line: line != "last", lines)))
    after = next(read_readings(lines), None)
    if not found or ended is None or len(ended) != 3 or not ended[1].isdecimal() or not first or after is None:
        raise _no_readings(connection, completed)
    before, *during = first
    return WatchedRun(
        command=command,
        before=before,
        during=tuple(with_trips(readings, before) for readings in during),
        after=after,
        code=None if ended[2] == "late" else int(ended[1][:3]),
        output=output[:most_bytes],
        is_cut=completed.is_cut or len(output) > most_bytes,
    )


def _lines(output: bytes) -> list[str]:
    return output.decode("utf-8", "backslashreplace").split("\n")


def _no_readings(connection: Connection, completed: Completed) -> ToolError:
    if completed.code is None:
        return ToolError(f"{connection.name} did not come back from a run in time: {_said(completed)}.")
    return ToolError(
        f"{connection.name} did not run a program between two readings: {_said(completed)}. It needs a POSIX "
        f"shell with head, sed, grep, wc and mkfifo, as BusyBox has them, and {connection.folder} must be writable."
    )


def _said(completed: Completed) -> str:
    last = completed.errors[-2000:].decode("utf-8", "replace").strip().rpartition("\n")[2]
    return f"its shell said '{shorten(last.rstrip('.'))}'" if last else "its shell said nothing"
