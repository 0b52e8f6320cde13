"""A running SSH server as the tests see it, and the keys that let them in."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boards.serving import descendants, process_name

_SERVERS = {"sshd", "sshd-session", "sshd-auth", "dropbear"}


@dataclass
class SshBoard:
    """A running SSH server. `on` reaches it, with `environment` in this process; `home` is its user's folder."""

    on: str
    host: str
    port: int
    user: str
    folder: Path
    home: Path
    config: Path
    server: subprocess.Popen[bytes]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def root(self) -> Path:
        """Return this side's view of what programs there see as NPUFIT_BOARD_ROOT."""
        return self.folder / "root"

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have npufit in this process reach the board with the keys and known hosts of the tests."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def sessions(self) -> list[int]:
        """Return the server's processes that serve connections; the listening one is not among them."""
        served = [process for process in descendants(self.server.pid) if process_name(process) in _SERVERS]
        return served[1:] if process_name(self.server.pid) == "bwrap" else served

    def drop_connections(self) -> None:
        """End what serves the connections, as a broken line does."""
        for process in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, 9)

    def switch_off(self) -> None:
        """End the connections and the server, as when the power goes."""
        sessions = self.sessions()
        self.server.kill()
        self.server.wait()
        for process in sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, 9)

    def forget_host_key(self) -> None:
        """Have the client know no key of this board."""
        (self.folder / "own" / "known_hosts").write_text("")


@dataclass(frozen=True)
class Keys:
    """The server's key, the user's key, and the file of keys that the server lets in."""

    host: Path
    client: Path
    authorized: Path


def make_keys(folder: Path, keygen: str) -> Keys:
    """Make a host key and a user's key, which the user may read only below a folder that the server's user cannot."""
    own = folder / "own"
    own.mkdir(mode=0o700)
    for path in (folder / "host_key", own / "key"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    authorized = folder / "authorized_keys"
    shutil.copy(own / "key.pub", authorized)
    return Keys(folder / "host_key", own / "key", authorized)


def make_board(folder: Path, keys: Keys, server: subprocess.Popen[bytes], port: int, user: str, ssh: str) -> SshBoard:
    """Return the board of a running server, with a client's configuration of its own."""
    known = folder / "own" / "known_hosts"
    host_key = keys.host.with_suffix(".pub").read_text()
    known.write_text(f"[127.0.0.1]:{port} {host_key}")
    config = folder / "own" / "config"
    config.write_text(
        f"IdentityFile {keys.client}\nIdentitiesOnly yes\nIdentityAgent none\nBatchMode yes\n"
        f"UserKnownHostsFile {known}\nGlobalKnownHostsFile none\nStrictHostKeyChecking yes\n"
    )
    environment = {"NPUFIT_SSH_COMMAND": f"{ssh} -F {config}"}
    on = f"ssh://{user}@127.0.0.1:{port}"
    return SshBoard(on, "127.0.0.1", port, user, folder, folder / "home", config, server, environment)
