"""The ways to a board that fail, each with an error that says what to do; and logins that are odd, but work."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from boards.servers import SshBoard, sshd_board
from boards.serving import free_port
from npufit.boards import connect
from npufit.errors import InputError, ToolError


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[SshBoard]:
    """Return a board."""
    with sshd_board() as server:
        server.use(monkeypatch)
        yield server


def failure(on: str) -> str:
    """Return the error of connecting."""
    with pytest.raises(ToolError) as raised, connect(on, connect_timeout_s=5.0):
        pass
    return str(raised.value)


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("", "names no board"),
        ("root@board", r"Did you mean ssh://root@board\?"),
        ("ssh://-oProxyCommand=touch", "cannot be a host's name"),
        ("ssh://-l@board", "cannot be a user's name"),
        ("ssh://a\nb", r"'a\\nb' cannot be a host's name"),
        ("ssh://$(touch)", "cannot be a host's name"),
        ("ssh://root:secret@board", r"ssh://…@board: an address must not contain a password"),
        ("ssh://board:99999", "is no port"),
        ("ssh://board/tmp", "no SSH address"),
        ("labgrid://-p", "no labgrid place"),
        ("serial://x", "no way to a board"),
        ("x" * 301, "at most 300 characters"),
    ],
)
def test_a_name_that_is_none_never_reaches_ssh(on: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are checked before anything starts."""
    monkeypatch.setenv("NPUFIT_SSH_COMMAND", "/nonexistent/ssh")
    with pytest.raises(InputError, match=said), connect(on):
        pass


def test_what_keeps_a_user_out_is_said_with_the_next_step(board: SshBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown and changed host keys, keys that the board does not take, no server, no ssh, a broken configuration."""
    there = f"{board.user}@{board.host}"
    board.forget_host_key()
    assert "not known yet, and nobody is there to confirm it. Connect once by hand and compare the key's " in failure(
        board.on
    )

    known_hosts = board.config.parent / "known_hosts"
    other = board.config.parent / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    known_hosts.write_text(f"[{board.host}]:{board.port} {other.with_suffix('.pub').read_text()}")
    remedy = f"ssh-keygen -f {known_hosts} -R '[{board.host}]:{board.port}' && ssh -p {board.port} {there} true"
    changed = failure(board.on)
    assert "flashed again has a new one" in changed
    assert changed.endswith(remedy)
    subprocess.run(remedy.partition(" && ")[0], shell=True, check=True, capture_output=True)
    assert "not known yet" in failure(board.on)

    options = board.config.read_text().replace("/own/key", "/own/other").replace("Checking yes", "Checking no")
    board.config.write_text(options)
    denied = failure(board.on)
    assert f"does not let user {board.user} in (it takes publickey). ssh offered {other} and the keys" in denied
    assert denied.endswith(f"ssh-copy-id -p {board.port} {there}")

    assert "refuses connections to port" in failure(f"ssh://{board.host}:{free_port()}")
    assert "no machine is called nowhere.invalid" in failure("ssh://nowhere.invalid")
    board.config.write_text("Bogus yes\n")
    assert "your SSH configuration" in failure(board.on)
    monkeypatch.setenv("NPUFIT_SSH_COMMAND", "/nonexistent/ssh -v")
    assert "ssh is missing on this machine" in failure(board.on)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("ForceCommand /usr/sbin/nologin", "may not run commands; the board answered: This account is currently not"),
        ("ForceCommand internal-sftp", "may not run commands; the board answered: This service allows sftp"),
        ("KexAlgorithms diffie-hellman-group1-sha1", "KexAlgorithms +diffie-hellman-group1-sha1"),
    ],
)
def test_a_server_that_forbids_commands_is_explained(option: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logins without a shell, and servers that are too old."""
    with sshd_board(options=[option]) as server:
        server.use(monkeypatch)
        assert said in failure(server.on)


@pytest.mark.parametrize("has_terminal", [False, True])
def test_a_shell_that_does_not_answer_is_given_up(has_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login file that waits for something, with and without a user who could be asked."""
    monkeypatch.setattr("npufit.boards.ssh._has_terminal", lambda: has_terminal)
    monkeypatch.setattr("npufit.boards.ssh._ANSWER_S", 0.5)
    monkeypatch.setattr("npufit.boards.ssh._TYPING_S", 0.5)
    with sshd_board(options=["ForceCommand sleep 600"]) as server:
        server.use(monkeypatch)
        with pytest.raises(ToolError, match="its shell did not answer in time"):
            connect(server.on, connect_timeout_s=1.0).__enter__()


@pytest.mark.parametrize("shell", ["sh", "tcsh", "fish"])
def test_any_login_shell_and_its_noise_will_do(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell's files print before and after, on both streams, is no part of the output."""
    if shutil.which(shell) is None:
        pytest.skip(f"not installed: {shell}")
    force = f'ForceCommand echo rc; echo rc >&2; {shell} -c "$SSH_ORIGINAL_COMMAND"; echo gone; echo gone >&2; exit 7'
    with sshd_board(options=[force, "Banner /etc/passwd", "MaxSessions 1"]) as server:
        server.use(monkeypatch)
        with connect(server.on) as connection:
            ended = connection.shell("printf output; printf errors >&2; exit 3")
            assert (ended.code, ended.output, ended.errors) == (3, b"output", b"errors")
            assert connection.get(connection.put(b"content", "file"), 7) == b"content"


def test_a_user_at_a_terminal_is_asked(board: SshBoard) -> None:
    """An unknown host key is confirmed and a key's passphrase typed, once for the session."""
    board.forget_host_key()
    key = board.config.parent / "key"
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "secret", "-f", str(key)], check=True)
    options = board.config.read_text().replace("BatchMode yes\n", "").replace("Checking yes", "Checking ask")
    board.config.write_text(options)
    script = f"from npufit.boards import connect\nwith connect({board.on!r}) as c: print(c.shell('echo answered'))"
    terminal, end = pty.openpty()
    command = ["setsid", "--ctty", sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=end) as process:
        os.close(end)
        said = b""
        answers = {b"continue connecting": b"yes\n", b"passphrase": b"secret\n"}
        with contextlib.suppress(OSError):  # the end of a terminal
            while chunk := os.read(terminal, 4096):
                said += chunk
                for question in [question for question in answers if question in said]:
                    os.write(terminal, answers.pop(question))
        os.close(terminal)
    assert process.returncode == 0, said.decode()
    assert b"answered" in said
    assert not answers
