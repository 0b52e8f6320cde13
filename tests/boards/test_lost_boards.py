"""Lines that break and boards that restart: one clear error here, and nothing left behind there."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from boards.servers import sshd_board
from boards.serving import await_true, is_running
from npufit.boards import connect
from npufit.boards.session import Lease
from npufit.errors import LostConnectionError

_EVERY_SECOND = Lease(interval_s=1)


@pytest.mark.parametrize("what", ["line", "board"])
def test_a_lost_board_is_one_error_and_nothing_is_left_there(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes end, scripts for the end run in reverse order, the folder goes.

    The end of the session does it over a new line; where none can be had, the board's own watchdog.
    """
    nap = f"sleep {random.randrange(10**5, 10**6)}"
    with sshd_board() as board:
        board.use(monkeypatch)

        def break_once_it_runs() -> None:
            await_true((board.home / "runs").exists)
            board.drop_connections() if what == "line" else board.switch_off()

        with connect(board.on, lease=_EVERY_SECOND) as connection:
            folder = Path(connection.folder)
            connection.at_end(f"echo first >> {board.home}/ends")
            connection.at_end(f"echo second >> {board.home}/ends")
            threading.Thread(target=break_once_it_runs).start()
            with pytest.raises(LostConnectionError, match=r"the connection was lost.*run the command again"):
                connection.shell(f"{nap} & touch {board.home}/runs; {nap}", time_limit_s=900)
        if what == "board":
            assert is_running(nap)
            for lease in (folder / ".npufit").glob("lease.*"):
                lease.rename(lease.with_name("lease.1"))  # as if the board had been up for longer
        await_true(lambda: not folder.exists())
        assert (board.home / "ends").read_text() == "second\nfirst\n"
        assert not is_running(nap)
        await_true(lambda: not is_running(f"sh {folder}/.npufit/session"))
