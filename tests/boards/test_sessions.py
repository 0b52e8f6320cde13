"""Sessions over OpenSSH, over dropbear with BusyBox, and on this machine: the same scripts serve all."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boards.servers import SshBoard, dropbear_board, sshd_board
from boards.serving import await_true, is_running
from npufit.boards import Connection, connect
from npufit.boards.framing import Frame
from npufit.boards.session import Lease, Session
from npufit.errors import InputError, ToolError


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


@pytest.fixture(scope="module")
def smallest_board() -> Iterator[SshBoard]:
    """Return a board whose BusyBox was built without some of its applets."""
    with dropbear_board(without=("setsid", "sha256sum", "df", "mktemp", "tail", "stat", "timeout")) as server:
        yield server


@pytest.fixture(params=["local", "board", "embedded_board", "smallest_board"])
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


def test_output_is_bounded_and_any_bytes_are_data(connection: Connection) -> None:
    """What is beyond the bound stays there; the code arrives all the same."""
    noise = bytes(range(256)) * 40
    path = connection.put(noise, "noise")
    assert connection.shell(f"cat {path}; cat {path} >&2").errors == noise
    ended = connection.shell(f"for i in 1 2 3 4 5 6 7 8 9; do cat {path}; done; exit 4", most_bytes=len(noise) + 1)
    assert (ended.code, ended.output, ended.is_cut) == (4, noise + noise[:1], True)
    with pytest.raises(ToolError, match=r"noise on the board is larger than 100 B"):
        connection.get(path, 100)
    with pytest.raises(ToolError, match="has no file /nowhere"):
        connection.get("/nowhere", 100)


def test_the_session_leaves_nothing(connection: Connection) -> None:
    """What runs in the background goes on until the end of the session, and no longer."""
    nap = f"sleep {random.randrange(10**5, 10**6)}"
    connection.shell(f"{nap} & echo $! > pid")
    assert connection.shell("kill -s 0 $(cat pid)").code == 0
    folder = connection.folder
    assert isinstance(connection, Session)
    connection.close()
    with connect(connection.name) as another:
        assert another.shell(f"ls -d {folder}").code != 0
        assert nap.encode() not in another.shell("cat /proc/[0-9]*/cmdline | tr '\\0' ' '").output


def test_a_damaged_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest that differs is an error; where nothing there computes one, the file is read back."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("busybox", "openssl", "shasum", "python3", "sha256sum"):
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o755)
    with sshd_board(programs=programs) as board:
        board.use(monkeypatch)
        with connect(board.on) as connection:
            assert connection.get(connection.put(b"content", "file"), 7) == b"content"
            (board.folder / "programs/sha256sum").write_text(f"#!/bin/sh\necho {'0' * 64}\n")
            with pytest.raises(ToolError, match="file arrived damaged"):
                connection.put(b"content", "file")


def test_folders_that_will_not_do_are_passed_over_or_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """No programs in a folder mounted noexec, no room for a file, and no folder at all."""
    mounts = {"noexec": "noexec,size=1m", "small": "size=64k"}
    with sshd_board(mounts=mounts) as board:
        board.use(monkeypatch)
        monkeypatch.setenv("NPUFIT_BOARD_FOLDER", f"{board.home}/noexec")
        with connect(board.on) as connection:
            assert connection.folder.startswith(f"{board.home}/noexec/")
            with pytest.raises(ToolError, match=r"mounted noexec.*NPUFIT_BOARD_FOLDER=/path"):
                connection.put(b"#!/bin/sh\n", "program", is_executable=True)
        monkeypatch.setenv("NPUFIT_BOARD_FOLDER", f"{board.home}/small")
        with connect(board.on) as connection:
            with pytest.raises(ToolError, match=r"No space left on device\. Free some space there"):
                connection.put(bytes(100_000), "model.tflite")
            assert connection.shell("echo; ls").output == b"\n"
        monkeypatch.setenv("NPUFIT_BOARD_FOLDER", "/nowhere")
        with pytest.raises(ToolError, match=r"no folder that this user may write.*No such file"), connect(board.on):
            pass
        monkeypatch.setenv("NPUFIT_BOARD_FOLDER", "$(touch x)")
        with pytest.raises(InputError, match="absolute path"), connect(board.on):
            pass
    monkeypatch.delenv("NPUFIT_BOARD_FOLDER")
    with sshd_board(mounts=mounts, environment={"TMPDIR": "~/noexec"}) as board:
        board.use(monkeypatch)
        with connect(board.on) as connection:
            path = connection.put(b"#!/bin/sh\necho it runs\n", "program", is_executable=True)
            assert connection.shell(path).output == b"it runs\n"
            assert not path.startswith(f"{board.home}/noexec")


def test_a_full_tmp_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only root whose /tmp is full; only /dev/shm is left."""
    with dropbear_board(tmp_bytes=4096) as board:
        board.use(monkeypatch)
        with connect(board.on) as connection:
            assert connection.folder.startswith("/dev/shm/")


def test_what_a_restart_left_on_a_disk_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of another boot goes, one of this boot stays."""
    monkeypatch.setenv("NPUFIT_BOARD_FOLDER", str(tmp_path))
    (tmp_path / "npufit-1/.npufit").mkdir(parents=True)
    (tmp_path / "npufit-1/.npufit/boot.another").touch()
    with connect("local") as first, connect("local") as second:
        assert {path.name for path in tmp_path.iterdir()} == {Path(first.folder).name, Path(second.folder).name}


def test_a_session_goes_on_while_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is renewed without a command, as while a model is compiled here."""
    with connect("local", lease=Lease(margin_s=3, interval_s=60)) as connection:
        folder = Path(connection.folder) / ".npufit"
        first = list(folder.glob("lease.*"))
        await_true(lambda: list(folder.glob("lease.*")) not in ([], first))


@pytest.mark.parametrize("way", ["local", "board"])
def test_after_ctrl_c_nothing_is_left(way: str, request: pytest.FixtureRequest) -> None:
    """An interrupt ends the command there, and removes the folder."""
    on, environment = "local", dict(os.environ)
    if way == "board":
        board: SshBoard = request.getfixturevalue("board")
        on, environment = board.on, {**environment, **board.environment}
    nap = f"sleep {random.randrange(10**5, 10**6)}"
    script = (
        f"from npufit.boards import connect\nwith connect({on!r}) as c:\n"
        f"    print(c.folder, flush=True)\n    c.shell('{nap}', time_limit_s=900)"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().decode().strip())
        await_true(lambda: is_running(nap) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert not folder.exists()
    assert not is_running(nap)


@given(
    output=st.binary(max_size=60),
    noise=st.sampled_from([b"", b"rc\n", b"motd\n\n", b"0123 begin", b"\xff0123 \n"]),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    most_bytes=st.integers(0, 70),
)
def test_a_frame_is_found_however_its_bytes_arrive(
    output: bytes, noise: bytes, sizes: list[int], most_bytes: int
) -> None:
    """Output is what stands between the marks, up to the bound, in chunks of any size."""
    stream = noise + b"0123 begin\n" + output + b"\n0123 end 7\nlogout\n"
    frame = Frame("0123", most_bytes)
    for size in itertools.cycle(sizes):
        frame.feed(stream[:size])
        stream = stream[size:]
        if not stream:
            break
    assert (frame.word, frame.output, frame.is_cut) == ("7", output[:most_bytes], len(output) > most_bytes)
