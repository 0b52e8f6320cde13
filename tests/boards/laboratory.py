"""A laboratory: labgrid's coordinator and exporter as real processes on loopback, and places that hold boards."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from pathlib import Path

import pytest

from boards.servers import await_port, free_port
from npufit.child_process import Child, end_child, start_child

_START_S = 60.0


class Laboratory:
    """A running coordinator at `coordinator`, with its exporter. `log` is what both say."""

    def __init__(self, coordinator: str, exporter: Child) -> None:
        """Name the coordinator and its exporter."""
        self.coordinator = coordinator
        self._exporter = exporter

    def client(self, *arguments: str, user: str = "") -> str:
        """Return what `labgrid-client` printed; `user` acts as another user."""
        environment = {**os.environ, "LG_COORDINATOR": self.coordinator, **({"LG_USERNAME": user} if user else {})}
        command = [sys.executable, "-P", "-m", "labgrid.remote.client", *arguments]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        return ended.stdout + ended.stderr

    def add_place(self, name: str, group: str) -> None:
        """Create a place that has the exporter's resources of `group`."""
        self.client("-p", name, "create")
        self.client("-p", name, "add-match", f"*/{group}/*")

    def disconnect_exporter(self) -> None:
        """End the exporter."""
        end_child(self._exporter)


@contextlib.contextmanager
def laboratory(folder: Path, resources: Mapping[str, str]) -> Generator[Laboratory]:
    """Run a coordinator and an exporter of `resources`: YAML for each group. Its files are in `folder`."""
    pytest.importorskip("labgrid")
    port = free_port()
    coordinator = f"127.0.0.1:{port}"
    configuration = folder / "exporter.yaml"
    configuration.write_text("".join(f"{group}:\n  {text}\n" for group, text in resources.items()))
    with contextlib.ExitStack() as ends:
        log = ends.enter_context((folder / "log").open("wb"))

        def start(module: str, *arguments: str) -> Child:
            command = [sys.executable, "-P", "-m", f"labgrid.remote.{module}", *arguments]
            child = start_child(command, folder=folder, stdout=log, stderr=log)
            ends.callback(end_child, child)
            return child

        await_port(start("coordinator", "-l", coordinator), port, folder / "log")
        exporter = start("exporter", "-c", coordinator, "-n", "exporter", "--hostname", "localhost", str(configuration))
        lab = Laboratory(coordinator, exporter)
        _await_resources(lab, resources, folder / "log")
        yield lab


def _await_resources(lab: Laboratory, resources: Mapping[str, str], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        listed = lab.client("resources")
        if all(f"/{group}/" in listed for group in resources):
            return
    pytest.fail(f"the laboratory did not start: {log.read_text(errors='replace')[-2000:]}")
