"""Sessions over a real OpenSSH server on loopback, and on this machine."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from boards.servers import SshBoard, dropbear_board, sshd_board
from npufit.boards import Connection, connect


@pytest.fixture(scope="module")
def board() -> Iterator[SshBoard]:
    """Return a board with OpenSSH that the tests of this module share."""
    with sshd_board() as server:
        yield server


@pytest.fixture(scope="module")
def embedded_board() -> Iterator[SshBoard]:
    """Return a board with dropbear and BusyBox that the tests of this module share."""
    with dropbear_board() as server:
        yield server


@pytest.fixture(params=["local", "board", "embedded_board"])
def connection(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """Return a connection over each line."""
    on = "local"
    if request.param != "local":
        server: SshBoard = request.getfixturevalue(request.param)
        server.use(monkeypatch)
        on = server.on
    with connect(on) as connection:
        yield connection


def test_a_command_has_its_code_both_streams_and_no_input(connection: Connection) -> None:
    """What programs print arrives byte for byte, and none can read the script as its input."""
    ended = connection.shell("cat; printf 'a\\0b'; echo c >&2; pwd; exit 3")
    assert (ended.code, ended.errors, ended.is_cut) == (3, b"c\n", False)
    assert ended.output == b"a\0b" + connection.folder.encode() + b"\n"


def test_files_arrive_and_return(connection: Connection, tmp_path: Path) -> None:
    """A file is the same after it went there and back, whatever bytes it has."""
    content = os.urandom(300_000)
    (tmp_path / "file").write_bytes(content)
    path = connection.put(tmp_path / "file", "some/file.bin")
    assert connection.get(path, len(content)) == content
    program = connection.put(b"#!/bin/sh\necho it runs\n", "program", is_executable=True)
    assert connection.shell(program).output == b"it runs\n"


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(connection: Connection) -> None:
    """Processes in the background end too, also those that left the group."""
    nap = f"sleep {random.randrange(10**5, 10**6)}"
    ended = connection.shell(f"(setsid {nap} &) ; {nap} & echo started; {nap}", time_limit_s=1)
    assert (ended.code, ended.output) == (None, b"started\n")
    assert nap.encode() not in connection.shell("cat /proc/[0-9]*/cmdline | tr '\\0' ' '").output
