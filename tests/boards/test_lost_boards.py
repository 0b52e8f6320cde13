"""Lines that break and boards that restart: one clear error here, and nothing left behind there."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boards.servers import SshBoard, sshd_board
from npufit.boards import Connection, connect
from npufit.boards.session import Lease
from npufit.errors import LostConnectionError

_SHORT = Lease(margin_s=2, interval_s=1)
_MOST_WAIT_S = 30.0


@contextmanager
def breaking(board: SshBoard, how: Callable[[], None]) -> Generator[Connection]:
    """Yield a session whose line breaks while its first command runs."""
    with connect(board.on, lease=_SHORT) as connection:

        def break_once_it_runs() -> None:
            await_true((board.home / "runs").exists)
            how()

        threading.Thread(target=break_once_it_runs).start()
        yield connection


def await_true(is_true: Callable[[], bool]) -> None:
    """Wait until something is so; fail if it never is."""
    deadline = time.monotonic() + _MOST_WAIT_S
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def is_running(command: str) -> bool:
    """Return whether a process of that command line is alive."""
    listed = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return command in listed.splitlines()


@pytest.mark.parametrize("what", ["line", "board"])
def test_a_lost_board_is_one_error_and_nothing_is_left_there(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes end, scripts for the end run in reverse order, the folder goes.

    The end of the session does it over a new line; where none can be had, the board's own watchdog.
    """
    nap = f"sleep {os.getpid()}{time.monotonic_ns() % 10**6}"
    with sshd_board() as board:
        board.use(monkeypatch)
        how = board.drop_connections if what == "line" else board.switch_off
        with breaking(board, how) as connection:
            folder = Path(connection.folder)
            connection.at_end(f"echo first >> {board.home}/ends")
            connection.at_end(f"echo second >> {board.home}/ends")
            with pytest.raises(LostConnectionError, match=r"the connection was lost.*run the command again"):
                connection.shell(f"{nap} & touch {board.home}/runs; {nap}", time_limit_s=2)
        await_true(lambda: not folder.exists())
        assert (board.home / "ends").read_text() == "second\nfirst\n"
        assert not is_running(nap)
