"""A survey, a watched program and a governor over real SSH servers: OpenSSH, and dropbear with nothing but BusyBox."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from boards.fake_boards import write_board
from boards.servers import SshBoard, dropbear_board, sshd_board
from npufit.boards import Command, connect, settings, survey, watch
from npufit.boards.session import Lease
from npufit.errors import LostConnectionError

_COUNTING = """
lines=$NPUFIT_BOARD_ROOT/proc/interrupts
sed 's/^\\(100:  *\\)0 /\\1 7 /' "$lines" >counted && cat counted >"$lines"
cat "$NPUFIT_BOARD_ROOT/sys/devices/system/cpu/cpufreq/policy0/scaling_governor"
"""


@pytest.mark.parametrize("server", [sshd_board, dropbear_board])
def test_the_same_board_over_each_server(
    server: Callable[..., AbstractContextManager[SshBoard]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(root=write_board("imx93-mainline", tmp_path / "root")) as board:
        for name, value in board.environment.items():
            monkeypatch.setenv(name, value)
        with connect(board.on) as connection:
            facts = survey(connection)
            program = connection.put(_COUNTING.encode(), "program")
            with settings(connection, governor="performance") as changed:
                run = watch(connection, Command(("sh", program)), time_limit_s=60)
            after = survey(connection)
    assert [candidate.target for candidate in facts.candidates if candidate.is_usable] == ["imx93/teflon@26.2"]
    assert facts.nodes[0].can_open
    assert len(changed) == 1
    assert (run.code, run.output, run.moved()) == (0, b"performance\n", {"ethosu": 7})
    assert after.said("governor") == "schedutil"


def switch_off_while_it_is_set(board: SshBoard, governor: Path) -> None:
    lease = Lease(margin_s=2, interval_s=1)
    with connect(board.on, lease=lease) as connection, settings(connection, governor="performance"):
        assert governor.read_text() == "performance\n"
        board.switch_off()
        connection.shell("true")


def test_a_governor_is_put_back_although_the_line_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sshd_board(root=write_board("imx93-mainline", tmp_path / "root")) as board:
        for name, value in board.environment.items():
            monkeypatch.setenv(name, value)
        governor = board.folder / "root/sys/devices/system/cpu/cpufreq/policy0/scaling_governor"
        with pytest.raises(LostConnectionError):
            switch_off_while_it_is_set(board, governor)
        while governor.read_text() != "schedutil\n":  # the board's own watchdog; a test that hangs has failed
            time.sleep(0.05)
