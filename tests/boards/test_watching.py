"""A program between two readings: its output, its end, limits of time and bytes, in each shell."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from boards.fake_boards import write_board
from boards.shell_connection import ShellConnection
from npufit.boards import Command, Completed, read, watch
from npufit.boards.board_script import board_script
from npufit.errors import InputError, ToolError

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
    script = 'echo "$WORDS"; echo error >&2; printf "\\noutput\\na\\0b"; exit 3'
    words = "it's $(not) a `shell`\n\ttab"
    run = watch(board, Command(("sh", "-c", script), (("WORDS", words),), "0x1"), time_limit_s=60)
    assert run.code == 3
    assert run.output == f"{words}\nerror\n\noutput\na\0b".encode()
    assert not run.is_cut
    assert run.before.uptime_s <= run.after.uptime_s
    assert run.before.interrupts.keys() & run.after.interrupts.keys()
    assert not os.listdir(board.folder), "files of the watch are left"


def test_a_program_that_hangs_is_ended_with_its_children(board: ShellConnection) -> None:
    program = ("sh", "-c", "sh -c 'echo $$ >child; exec sleep 1000' & echo $$ >parent; wait")
    run = watch(board, Command(program), time_limit_s=1.0, every_s=0.25)
    assert (run.code, run.output) == (None, b"")
    assert run.during
    for name in ("parent", "child"):
        pid = Path(board.folder, name).read_text().strip()
        wait_until_ended(Path("/proc", pid, "stat"))


def test_a_program_that_prints_much_is_drained(board: ShellConnection) -> None:
    run = watch(board, Command(("sh", "-c", "yes | head -n 1000000; exit 4")), time_limit_s=600, most_bytes=1001)
    assert (run.code, run.output, run.is_cut) == (4, b"y\n" * 500 + b"y", True)


def test_signals_and_programs_that_are_not_there_have_their_codes(board: ShellConnection) -> None:
    assert watch(board, Command(("sh", "-c", "kill -SEGV $$")), time_limit_s=60).code == 139
    missing = watch(board, Command(("/not/there",), (("A", "1"),)), time_limit_s=60)
    assert missing.code == 127
    assert b"/not/there" in missing.output


def test_samples_have_the_engines_of_the_running_program(board: ShellConnection) -> None:
    """fdinfo as etnaviv writes it (drivers/gpu/drm/drm_file.c): a file that is open twice counts once."""
    program = (
        "open=$NPUFIT_BOARD_ROOT/proc/$$/fdinfo; mkdir -p $open; "
        r"printf 'pos:\t0\ndrm-driver:\tetnaviv\ndrm-client-id:\t7\ndrm-engine-NN:\t123456 ns\n' >$open/5; "
        r"cp $open/5 $open/6; printf 'drm-client-id:\t8\ndrm-engine-NN:\t4 ns\n' >$open/7; "
        "until grep -q engine-NN *.samples; do sleep 0.02; done"
    )
    root = Path(board.folder, "root")
    board.environment["NPUFIT_BOARD_ROOT"] = str(write_board("imx8mp", root))
    run = watch(board, Command(("sh", "-c", program)), time_limit_s=60, every_s=0.05)
    assert (run.code, run.before.engine_ns, run.after.engine_ns) == (0, None, None)
    assert run.during[-1].engine_ns == {"NN": 123_460}
    assert [zone.trip for zone in run.during[0].zones] == [85.0, 85.0]
    assert run.during[0].cma_free_kb == 978_944
    assert not run.during[0].interrupts


def test_a_file_that_grows_without_end_is_stopped(board: ShellConnection) -> None:
    watch(board, Command(("sh", "-c", "dd if=/dev/zero of=huge bs=1 count=1 seek=3000000000")), time_limit_s=60)
    assert Path(board.folder, "huge").stat().st_size < 2_000_000_000


def test_what_a_program_leaves_running_does_not_hold_the_watch(board: ShellConnection) -> None:
    run = watch(board, Command(("sh", "-c", "sleep 1000 & echo $! >pid; echo done")), time_limit_s=600)
    os.kill(int(Path(board.folder, "pid").read_text()), 9)
    assert (run.code, run.output) == (0, b"done\n")


def test_a_reading_says_what_the_board_is_doing(board: ShellConnection) -> None:
    reading = read(board)
    assert reading.uptime_s > 0
    assert reading.interrupts
    assert reading.free_kb


def test_affinity_is_a_mask(board: ShellConnection) -> None:
    with pytest.raises(InputError, match="give a mask, such as 0x3"):
        watch(board, Command(("true",), affinity="0-3"), time_limit_s=60)


@dataclass
class Answering:
    """A board that answers what it is told to."""

    output: bytes = b""
    name: str = "board"
    folder: str = "/"

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = 1 << 23) -> Completed:
        return Completed(0, self.output, b"")

    def put(self, content: bytes | Path, name: str, *, is_executable: bool = False) -> str:
        raise NotImplementedError

    def get(self, path: str, most_bytes: int) -> bytes:
        raise NotImplementedError

    def at_end(self, script: str) -> None:
        raise NotImplementedError


def test_damaged_readings_are_left_out_or_refused(tmp_path: Path) -> None:
    root = write_board("imx95", tmp_path)
    script = board_script("readings.sh", variables={}, call="reading full")
    reading = ShellConnection(root, environment={"NPUFIT_BOARD_ROOT": str(root)}).shell(script).output
    sound = reading * 3 + b"\nlast\n" + reading + b"\nended\t0\t\noutput\nfine\n"
    assert len(watch(Answering(sound), Command(("true",)), time_limit_s=60).during) == 2
    chance = random.Random(4)
    refused = 0
    for _ in range(300):
        damaged = bytearray(sound)
        for _ in range(chance.randrange(1, 30)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randrange(12)] = chance.choice(_PIECES)
        try:
            run = watch(Answering(bytes(damaged)), Command(("true",)), time_limit_s=60)
        except ToolError:
            refused += 1
            continue
        for found in (run.before, *run.during, run.after):
            assert found.uptime_s >= 0
            assert all(-100 <= zone.celsius <= 500 for zone in found.zones)
            assert all(name.isprintable() and count >= 0 for name, count in found.interrupts.items())
    assert 0 < refused < 250


_PIECES = (b"\0", b"\xff", b"\x1b[2J", b"\t", b"\n", b"reading\n", b"end\n", b"last\n", b"9" * 40, b"-", b"nan")
