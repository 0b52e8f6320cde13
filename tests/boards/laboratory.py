"""A laboratory: labgrid's coordinator and exporter as real processes on loopback, and places that hold boards."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

import pytest

from boards.serving import serving
from npufit.child_process import Child, end_child, start_child

_START_S = 60.0


class Laboratory:
    """A running coordinator at `coordinator`, with its exporter."""

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
    configuration = folder / "exporter.yaml"
    configuration.write_text("".join(f"{group}:\n  {text}\n" for group, text in resources.items()))
    python = [sys.executable, "-P", "-m"]
    serve = [*python, "labgrid.remote.coordinator", "-l", "127.0.0.1:PORT"]
    with serving(serve, folder / "coordinator.log", folder=folder) as (_, port):
        coordinator = f"127.0.0.1:{port}"
        export = [*python, "labgrid.remote.exporter", "-c", coordinator, "-n", "exporter", "--hostname", "localhost"]
        with start_child(
            [*export, str(configuration)], folder=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as exporter:
            try:
                lab = Laboratory(coordinator, exporter)
                _await_resources(lab, resources)
                yield lab
            finally:
                end_child(exporter)


def _await_resources(lab: Laboratory, groups: Iterable[str]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        listed = lab.client("resources")
        if all(f"/{group}/" in listed for group in groups):
            return
    pytest.fail("the laboratory's exporter did not connect")
