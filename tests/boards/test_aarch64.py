"""What runs on a board, in the shell of an aarch64 BusyBox with nothing but BusyBox's programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from boards.fake_boards import write_board
from boards.shell_connection import ShellConnection
from npufit.boards import Command, read, survey, watch
from private_apt import AptError, PrivateApt


@pytest.fixture(scope="module")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `busybox` for aarch64, and its programs by name, as wrappers: a kernel may not know qemu."""
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if qemu is None or shutil.which("dpkg-deb") is None:
        pytest.skip("needs qemu-aarch64 (qemu-user) and dpkg-deb")
    folder = tmp_path_factory.mktemp("aarch64")
    try:
        apt = PrivateApt(folder / "apt", "arm64", ["bookworm"])
        apt.update()
        [package] = apt.download(apt.list_versions("^busybox-static$"))
    except (AptError, ValueError) as error:
        pytest.skip(f"no BusyBox for arm64: {error}")
    subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    binary = folder / "root/bin/busybox"
    programs = folder / "programs"
    programs.mkdir()
    names = subprocess.run([qemu, binary, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in names:
        wrapper = programs / name
        wrapper.write_text(f'#!/bin/sh\nexec {qemu} {binary} {name} "$@"\n')
        wrapper.chmod(0o755)
    return programs


@pytest.mark.slow
def test_an_aarch64_busybox_tells_the_same_as_this_machines_shell(busybox: Path, tmp_path: Path) -> None:
    root = write_board("imx93-bsp", tmp_path / "root")
    here = ShellConnection(tmp_path, ("sh",), {"NPUFIT_BOARD_ROOT": str(root)})
    there = ShellConnection(tmp_path, (str(busybox / "sh"),), {**here.environment, "PATH": str(busybox)})
    assert survey(there) == survey(here)
    assert read(there) == read(here)
    # A program of this machine: BusyBox starts its own ones through /proc/self/exe, which is qemu here.
    program = there.put(b'#!/bin/sh\necho "$WORD"; echo err >&2; exit 5\n', "program", is_executable=True)
    run = watch(there, Command((program,), (("WORD", "a b"),)), time_limit_s=100)
    assert (run.code, run.output) == (5, b"a b\nerr\n")
    endless = there.put(b"#!/bin/sh\nwhile :; do sleep 0.1; done\n", "endless", is_executable=True)
    assert watch(there, Command((endless,)), time_limit_s=1, every_s=0.2).code is None
    much = there.put(b"#!/bin/sh\nyes | head -n 100000\n", "much", is_executable=True)
    printed = watch(there, Command((much,), (("PATH", os.defpath),)), time_limit_s=600, most_bytes=100)
    assert (printed.code, len(printed.output), printed.is_cut) == (0, 100, True)
    assert sorted(os.listdir(tmp_path)) == ["endless", "much", "program", "root"]
