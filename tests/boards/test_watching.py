"""A program between two readings: its output, its end, limits of time and bytes, in each shell."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from shell_connection import ShellConnection

from npufit.boards import Command, read, watch

SHELLS = {"dash": ("dash",), "bash": ("bash", "--posix"), "busybox": ("busybox", "sh")}


@pytest.fixture(params=SHELLS)
def board(request: pytest.FixtureRequest, tmp_path: Path) -> ShellConnection:
    from shutil import which

    shell = SHELLS[request.param]
    if which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    return ShellConnection(tmp_path, shell)


def wait_until_ended(stat: Path) -> None:
    """Wait until a process is gone, or only waits for its parent; a test that hangs has failed."""
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)


def test_what_a_program_prints_and_how_it_ends(board: ShellConnection) -> None:
    script = 'echo "$WORDS"; echo error >&2; printf "\\noutput\\t9\\na\\0b"; exit 3'
    words = "it's $(not) a `shell`\n\ttab"
    run = watch(board, Command(("sh", "-c", script), (("WORDS", words),), "0x1"), time_limit_s=60)
    assert run.code == 3
    assert run.output == f"{words}\nerror\n\noutput\t9\na\0b".encode()
    assert not run.is_cut
    assert run.before.uptime_s <= run.after.uptime_s
    assert run.before.interrupts.keys() & run.after.interrupts.keys()
    assert not os.listdir(board.folder), "files of the watch are left"


def test_a_program_that_hangs_and_prints_without_end_is_ended_with_its_children(board: ShellConnection) -> None:
    program = ("sh", "-c", "echo $$ >pids; sh -c 'echo $$ >>pids; exec sleep 1000' & yes")
    run = watch(board, Command(program), time_limit_s=0.4, every_s=0.1, most_bytes=1000)
    assert run.code is None
    assert (len(run.output), run.is_cut) == (1000, True)
    assert run.during
    for pid in Path(board.folder, "pids").read_text().split():
        wait_until_ended(Path("/proc", pid, "stat"))


def test_signals_and_programs_that_are_not_there_have_their_codes(board: ShellConnection) -> None:
    assert watch(board, Command(("sh", "-c", "kill -SEGV $$")), time_limit_s=60).code == 139
    missing = watch(board, Command(("/not/there",), (("A", "1"),)), time_limit_s=60)
    assert missing.code == 127
    assert b"/not/there" in missing.output


def test_a_reading_says_what_the_board_is_doing(board: ShellConnection) -> None:
    reading = read(board)
    assert reading.uptime_s > 0
    assert reading.interrupts
    assert reading.free_kb
