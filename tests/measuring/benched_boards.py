"""Fake boards with tools that print what real ones print, to be benched: on this machine, over sshd, over dropbear."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from boards.fake_boards import write_board
from boards.servers import SshBoard, dropbear_board, sshd_board
from scripted_tools import FAMILIES, Fault, write_benchmark_model

MAILBOX = "imx_mu_chan[0-0], imx_mu_chan[1-0], imx_mu_chan[3-1]"
"""The line of the fake i.MX 93's NPU; each inference interrupts twice there."""

_EXAMPLES = "usr/bin/tensorflow-lite-2.11.1/examples"


@contextlib.contextmanager
def open_folder() -> Generator[Path]:
    """Yield a folder that the users of all servers can read, which pytest's own cannot."""
    with tempfile.TemporaryDirectory(prefix="board-", dir="/tmp", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def write_imx93(root: Path) -> Path:
    """Write an i.MX 93 with NXP's BSP below `root`, whose benchmark_model works."""
    return equip(write_board("imx93-bsp", root))


def equip(root: Path, fault: Fault = Fault.NONE, *, interrupts: int = 2, **more: Any) -> Path:
    """Give the board below `root` a benchmark_model that has `fault` with the delegate, for every user."""
    write_benchmark_model(
        root / _EXAMPLES, FAMILIES["vela-2.11"], fault, interrupts={MAILBOX.rpartition(" ")[2]: interrupts}, **more
    )
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o777 if path.is_dir() or path.parent == root / _EXAMPLES else 0o666)
    return root


def write_with_tool(board: str, family: str, line: str, root: Path) -> Path:
    """Write the board called `board` below `root`, whose benchmark_model is of `family` and interrupts on `line`."""
    write_board(board, root)
    examples = next(root.glob("usr/bin/tensorflow-lite-*/examples"), root / "usr/bin")
    write_benchmark_model(examples, FAMILIES[family], interrupts={line: 1})
    (root / "proc/interrupts").chmod(0o666)
    return root


@contextlib.contextmanager
def served(way: str, root: Path, patch: pytest.MonkeyPatch) -> Generator[str]:
    """Yield what reaches the board below `root`: `local`, or the address of a real SSH server."""
    if way == "local":
        patch.setenv("NPUFIT_BOARD_ROOT", str(root))
        yield "local"
        return
    with _server(way, root) as server:
        server.use(patch)
        yield server.on


def _server(way: str, root: Path) -> contextlib.AbstractContextManager[SshBoard]:
    return sshd_board(root=root) if way == "sshd" else dropbear_board(root=root)
