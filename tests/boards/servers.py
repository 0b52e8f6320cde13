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
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

from boards.embedded_root import embedded_root
from boards.serving import SYSTEM_PATH, end_processes_with, require_programs, serving
from boards.ssh_board import SshBoard, make_board, make_keys

__all__ = ["SshBoard", "dropbear_board", "sshd_board"]

_USER, _UID = "board", 64_999


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
        keys = make_keys(folder, paths["ssh-keygen"])
        variables = _board_environment(folder, root, programs, environment)
        user, prefix = _unprivileged(folder, mounts or {})
        lines = [
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
        command = [*prefix, paths["sshd"], "-D", "-e", "-f", str(folder / "sshd_config"), "-p", "PORT"]
        with serving(command, folder / "own/log") as (server, port):
            try:
                yield make_board(folder, keys, server, port, user, paths["ssh"])
            finally:
                end_processes_with(f"HOME={folder}/home")


@contextlib.contextmanager
def dropbear_board(
    *,
    root: Path | None = None,
    programs: Path | None = None,
    environment: Mapping[str, str] | None = None,
    binds: Mapping[str, Path] | None = None,
    tmp_bytes: int | None = None,
    without: Sequence[str] = (),
) -> Generator[SshBoard]:
    """Run dropbear and BusyBox under bubblewrap. `binds` are files and folders that appear at paths there, as `/sys`.

    `/tmp` is a tmpfs of at most `tmp_bytes`. The board is `without` some of BusyBox's applets. Skips the test where
    bubblewrap may not make namespaces.
    """
    paths = require_programs("dropbear", "dropbearkey", "dropbearconvert", "busybox", "bwrap", "ssh", "ssh-keygen")
    trial = [paths["bwrap"], "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    if subprocess.run(trial, capture_output=True, check=False).returncode != 0:
        pytest.skip("bubblewrap may not make namespaces here")
    with tempfile.TemporaryDirectory(prefix="dropbear-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        keys = make_keys(folder, paths["ssh-keygen"])
        system = embedded_root(folder, paths, keys, _USER, _UID, programs)
        for applet in without:
            (system / "bin" / applet).unlink()
        variables = {**({"NPUFIT_BOARD_ROOT": "/board"} if root is not None else {}), **(environment or {})}
        if root is not None:
            shutil.copytree(root, folder / "root", symlinks=True)
        bound = [("--ro-bind", str(source), path) for path, source in (binds or {}).items()]
        bwrap = [
            *(paths["bwrap"], "--unshare-user", "--unshare-pid", "--uid", str(_UID), "--gid", str(_UID)),
            *("--die-with-parent", "--clearenv", "--ro-bind", str(system), "/", "--proc", "/proc", "--dev", "/dev"),
            *(("--size", str(tmp_bytes)) if tmp_bytes else ()),
            *("--perms", "1777", "--tmpfs", "/tmp"),
            *(("--bind", str(folder / "root"), "/board") if root is not None else ()),
            *(word for words in bound for word in words),
            *(word for name, value in variables.items() for word in ("--setenv", name, value)),
        ]
        server = ["/sbin/dropbear", "-F", "-E", "-e", "-s", "-m", "-r", "/etc/host_key", "-P", "/tmp/dropbear.pid"]
        with serving([*bwrap, *server, "-p", "127.0.0.1:PORT"], folder / "own/log") as (process, port):
            yield make_board(folder, keys, process, port, _USER, paths["ssh"])


def _unprivileged(folder: Path, mounts: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the user that the server runs as, and what starts it so; the folder but for `own` becomes that user's.

    Accounts that exist everywhere are locked, so root makes one up in a mount namespace; where that is forbidden, and
    where the tests are not root, it is the user of the tests.
    """
    alone = ["unshare", "--mount", "--"]
    trial = [*alone, "mount", "--bind", "/etc/passwd", "/etc/passwd"]
    if os.getuid() != 0 or subprocess.run(trial, capture_output=True, check=False).returncode != 0:
        if mounts:
            pytest.skip("only root may mount")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it if it is root
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
    for path in (home, folder / "tmp"):
        path.mkdir()
    variables = {"HOME": str(home), "PATH": SYSTEM_PATH, "TMPDIR": str(folder / "tmp")}
    if programs is not None:
        shutil.copytree(programs, folder / "programs")
        variables["PATH"] = f"{folder}/programs:{SYSTEM_PATH}"
    if root is not None:
        shutil.copytree(root, folder / "root", symlinks=True)
        variables["NPUFIT_BOARD_ROOT"] = str(folder / "root")
    return {**variables, **{name: value.replace("~", str(home)) for name, value in (more or {}).items()}}
