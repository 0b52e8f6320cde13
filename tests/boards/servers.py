"""Boards that tests can reach (`from boards.servers import …`): real SSH servers on loopback.

`sshd_board` is a computer with OpenSSH, by an unprivileged user where that is possible; `dropbear_board` is an embedded
Linux: BusyBox in a read-only root, where only /tmp can be written. Both copy a folder of files that programs there see
as NPUFIT_BOARD_ROOT, and may change (`SshBoard.root`), and a folder of programs that precede the others in PATH. The
user's SSH configuration is never read.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from npufit.child_process import end_child

_START_S = 20.0
_SERVERS = {"sshd", "sshd-session", "sshd-auth", "dropbear"}
_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_USER, _UID = "board", 64_999


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
        served = [process for process in _descendants(self.server.pid) if _name(process) in _SERVERS]
        return served[1:] if _name(self.server.pid) == "bwrap" else served

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


def require_programs(*names: str) -> dict[str, str]:
    """Return where the programs are; skip the test if one is missing, or if this user has no account."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        pytest.skip("this user has no account, without which no SSH works")
    found = {name: shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}") for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return {name: path for name, path in found.items() if path is not None}


@contextlib.contextmanager
def sshd_board(
    *,
    root: Path | None = None,
    programs: Path | None = None,
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    mounts: Mapping[str, str] | None = None,
) -> Generator[SshBoard]:
    """Run OpenSSH's server, by an unprivileged user if the tests run as root. `options` are lines of its configuration.

    `environment` are variables that programs on the board get, where ~ is its home. `mounts` are names of folders in
    its home with the options of the file systems there, as `noexec` or `size=8k`; only root can have them.
    """
    paths = require_programs("sshd", "ssh", "ssh-keygen")
    with tempfile.TemporaryDirectory(prefix="sshd-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        keys = _make_keys(folder, paths["ssh-keygen"])
        variables = _board_environment(folder, root, programs, environment)
        user, prefix = _unprivileged(folder, mounts or {})
        port = free_port()
        lines = [
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {keys.host}",
            f"AuthorizedKeysFile {keys.authorized}",
            f"PidFile {folder}/pid",
            "UsePAM no",
            "StrictModes no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "MaxStartups 100",
            "SetEnv " + " ".join(f'"{name}={value}"' for name, value in variables.items()),
            *options,
        ]
        (folder / "sshd_config").write_text("\n".join(lines) + "\n")
        command = [*prefix, paths["sshd"], "-D", "-e", "-f", str(folder / "sshd_config")]
        with _running(command, folder, port) as server:
            yield _board(folder, keys, server, port, user, paths["ssh"])


@contextlib.contextmanager
def dropbear_board(
    *,
    root: Path | None = None,
    programs: Path | None = None,
    environment: Mapping[str, str] | None = None,
    binds: Mapping[str, Path] | None = None,
    tmp_bytes: int | None = None,
) -> Generator[SshBoard]:
    """Run dropbear and BusyBox under bubblewrap. `binds` are files and folders that appear at paths there, as `/sys`.

    `/tmp` is a tmpfs of at most `tmp_bytes`. Skips the test where bubblewrap may not make namespaces.
    """
    paths = require_programs("dropbear", "dropbearkey", "dropbearconvert", "busybox", "bwrap", "ssh", "ssh-keygen")
    trial = [paths["bwrap"], "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    if subprocess.run(trial, capture_output=True, check=False).returncode != 0:
        pytest.skip("bubblewrap may not make namespaces here")
    with tempfile.TemporaryDirectory(prefix="dropbear-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        keys = _make_keys(folder, paths["ssh-keygen"])
        system = _busybox_root(folder, paths, keys, programs)
        variables = dict(environment or {})
        bound = dict(binds or {})
        copied: list[str] = []
        if root is not None:
            shutil.copytree(root, folder / "root", symlinks=True)
            variables["NPUFIT_BOARD_ROOT"] = "/board"
            copied = ["--bind", str(folder / "root"), "/board"]
        port = free_port()
        bwrap = [
            *(paths["bwrap"], "--unshare-user", "--unshare-pid", "--uid", str(_UID), "--gid", str(_UID)),
            *("--die-with-parent", "--clearenv", "--ro-bind", str(system), "/", "--proc", "/proc", "--dev", "/dev"),
            *(("--size", str(tmp_bytes)) if tmp_bytes else ()),
            *("--perms", "1777", "--tmpfs", "/tmp"),
            *copied,
            *(word for path, source in bound.items() for word in ("--ro-bind", str(source), path)),
            *(
                word
                for name, value in {**variables, **(environment or {})}.items()
                for word in ("--setenv", name, value)
            ),
        ]
        server = ["/sbin/dropbear", "-F", "-E", "-e", "-s", "-m", "-r", "/etc/host_key", "-P", "/tmp/dropbear.pid"]
        with _running([*bwrap, *server, "-p", f"127.0.0.1:{port}"], folder, port) as process:
            yield _board(folder, keys, process, port, _USER, paths["ssh"])


def _busybox_root(folder: Path, paths: Mapping[str, str], keys: _Keys, programs: Path | None) -> Path:
    """Make the files of a small embedded Linux: BusyBox, dropbear, and `programs` in /usr/bin."""
    system = folder / "system"
    for name in ("bin", "sbin", "usr/bin", "etc", "home", "tmp", "proc", "dev", "sys", "board"):
        (system / name).mkdir(parents=True)
    _copy_program(Path(paths["busybox"]), system / "bin", system)
    _copy_program(Path(paths["dropbear"]), system / "sbin", system)
    for applet in _output(paths["busybox"], "--list").split():
        if applet not in {"busybox", "ssl_client", "ftpd"}:
            (system / "bin" / applet).symlink_to("busybox")
    if programs is not None:
        shutil.copytree(programs, system / "usr/bin", dirs_exist_ok=True)
    subprocess.run(
        [paths["dropbearconvert"], "openssh", "dropbear", str(keys.host), str(system / "etc/host_key")],
        check=True,
        capture_output=True,
    )
    (system / "etc/passwd").write_text(f"{_USER}:x:{_UID}:{_UID}::/home:/bin/sh\n")
    (system / "etc/group").write_text(f"{_USER}:x:{_UID}:\n")
    (system / "etc/shells").write_text("/bin/sh\n")
    (system / "home/.ssh").mkdir(mode=0o700)
    shutil.copy(keys.authorized, system / "home/.ssh")
    return system


def _copy_program(program: Path, where: Path, system: Path) -> None:
    """Copy a program and the libraries that it needs, if it is not static."""
    shutil.copy(program, where)
    listed = subprocess.run(["ldd", str(program)], capture_output=True, check=False, text=True).stdout
    for word in listed.split():
        if word.startswith("/"):
            (system / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, system / word[1:])


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def _descendants(process: int) -> list[int]:
    """Return the processes that `process` and its children have started, parents first."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [one for child in map(int, text.split()) for one in (child, *_descendants(child))]
    return []


def _name(process: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class _Keys:
    host: Path
    client: Path
    authorized: Path


def _make_keys(folder: Path, keygen: str) -> _Keys:
    """Make a host key and a user's key, which the user may read only below a folder that the server's user cannot."""
    own = folder / "own"
    own.mkdir(mode=0o700)
    for path in (folder / "host_key", own / "key"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    authorized = folder / "authorized_keys"
    shutil.copy(own / "key.pub", authorized)
    return _Keys(folder / "host_key", own / "key", authorized)


def _unprivileged(folder: Path, mounts: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the user that the server runs as, and what starts it so; the folder but for `own` becomes that user's.

    Accounts that exist everywhere are locked, so root makes one up in a mount namespace; where that is forbidden, and
    where the tests are not root, it is the user of the tests.
    """
    alone = ["unshare", "--mount", "--"]
    if os.getuid() != 0 or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode != 0:
        if mounts:
            pytest.skip("only root may mount")
        return pwd.getpwuid(os.getuid()).pw_name, []
    accounts = folder / "passwd"
    accounts.write_text(f"root:x:0:0::/root:/bin/sh\n{_USER}:x:{_UID}:{_UID}::{folder}/home:/bin/sh\n")
    folder.chmod(0o755)
    for path in (folder, *(path for path in folder.rglob("*") if path.relative_to(folder).parts[0] != "own")):
        os.chown(path, _UID, _UID, follow_symlinks=False)
    steps = [f"mount --bind {accounts} /etc/passwd"]
    for name, options in mounts.items():
        (folder / "home" / name).mkdir()
        steps.append(f"mount -t tmpfs -o mode=1777,{options} tmpfs {folder}/home/{name}")
    steps.append(f'exec setpriv --reuid {_UID} --regid {_UID} --clear-groups -- "$@"')
    return _USER, [*alone, "sh", "-c", " && ".join(steps), "sh"]


def _board_environment(
    folder: Path, root: Path | None, programs: Path | None, more: Mapping[str, str] | None
) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    variables = {"HOME": str(home), "PATH": _SYSTEM_PATH}
    if programs is not None:
        shutil.copytree(programs, folder / "programs")
        variables["PATH"] = f"{folder}/programs:{_SYSTEM_PATH}"
    if root is not None:
        shutil.copytree(root, folder / "root", symlinks=True)
        variables["NPUFIT_BOARD_ROOT"] = str(folder / "root")
    return {**variables, **{name: value.replace("~", str(home)) for name, value in (more or {}).items()}}


@contextlib.contextmanager
def _running(command: Sequence[str], folder: Path, port: int) -> Generator[subprocess.Popen[bytes]]:
    log = folder / "own" / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
    try:
        await_port(server, port, log)
        yield server
    finally:
        end_child(server)


def await_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until `server` listens on `port`; fail with its log if it does not."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.02)
    pytest.fail(f"a server did not start: {log.read_text(errors='replace')[-2000:]}")


def _board(folder: Path, keys: _Keys, server: subprocess.Popen[bytes], port: int, user: str, ssh: str) -> SshBoard:
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
