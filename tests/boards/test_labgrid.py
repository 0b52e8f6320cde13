"""Boards in a real labgrid laboratory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from boards.laboratory import Laboratory, laboratory
from boards.servers import SshBoard, sshd_board
from npufit.boards import connect
from npufit.errors import ToolError


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[SshBoard]:
    """Return a board."""
    with sshd_board() as server:
        server.use(monkeypatch)
        yield server


@pytest.fixture
def lab(board: SshBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laboratory]:
    """Return a laboratory with the board in a place, and a place with a serial port only."""
    service = f"NetworkService: {{address: {board.host}, username: {board.user}, port: {board.port}}}"
    serial = "NetworkSerialPort: {host: localhost, port: 1}"
    with laboratory(tmp_path, {"shelf": service, "drawer": serial}) as lab:
        monkeypatch.setenv("LG_COORDINATOR", lab.coordinator)
        lab.add_place("evk", "shelf")
        lab.add_place("headless", "drawer")
        yield lab


def test_a_place_is_acquired_for_the_session_and_no_longer(lab: Laboratory) -> None:
    """Whoever has a place already keeps it; what others have, and what has no address, is refused in words."""
    with connect("labgrid://evk") as connection:
        assert connection.shell("echo here").output == b"here\n"
        assert "acquired: None" not in lab.client("-p", "evk", "show")
    assert "acquired: None" in lab.client("-p", "evk", "show")

    lab.client("-p", "evk", "acquire")
    with connect("labgrid://evk") as connection:
        assert connection.shell("true").code == 0
    assert "acquired: None" not in lab.client("-p", "evk", "show")
    lab.client("-p", "evk", "release")

    lab.client("-p", "evk", "acquire", user="somebody")
    with pytest.raises(ToolError, match=r"acquired by \S+/somebody.* release --kick"), connect("labgrid://evk"):
        pass
    lab.client("-p", "evk", "release", "--kick")
    with (
        pytest.raises(ToolError, match=r"no resource NetworkService.*NetworkSerialPort"),
        connect("labgrid://headless"),
    ):
        pass
    with pytest.raises(ToolError, match=r"matches nothing\. List the places"), connect("labgrid://nowhere"):
        pass
    lab.disconnect_exporter()
    with pytest.raises(ToolError, match="start labgrid-exporter"), connect("labgrid://evk"):
        pass


def test_without_a_coordinator_the_error_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laboratory that is not there."""
    pytest.importorskip("labgrid")
    monkeypatch.setenv("LG_COORDINATOR", "127.0.0.1:1")
    with pytest.raises(ToolError, match="LG_COORDINATOR"), connect("labgrid://evk"):
        pass
