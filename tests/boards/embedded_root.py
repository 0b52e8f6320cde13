"""The files of a small embedded Linux: BusyBox and dropbear, with the libraries that they need."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from boards.ssh_board import Keys


def embedded_root(
    folder: Path, paths: Mapping[str, str], keys: Keys, user: str, identity: int, programs: Path | None
) -> Path:
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
    (system / "etc/passwd").write_text(f"{user}:x:{identity}:{identity}::/home:/bin/sh\n")
    (system / "etc/group").write_text(f"{user}:x:{identity}:\n")
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
