"""The child process: its limits, its failures, and that nothing of it is left."""

from __future__ import annotations

import tempfile
from importlib import metadata
from pathlib import Path

import pytest

from networks.chains import chain
from npufit.chips import load_chip
from npufit.errors import InputError, ToolError
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.vela import STACK, runner
from npufit.stacks.vela.runner import run_vela
from npufit.stacks.vela.settings import resolve_settings
from stacks.vela.on_vela import TARGET, place


def children() -> set[str]:
    """Return the processes that this one has started and that are still there; other tests leave LiteRT's running."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}


def test_the_time_limit_ends_vela(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = children()
    with pytest.raises(ToolError, match=r"^chain: Vela did not finish within 0\.05 s and was stopped\."):
        place(chain("RELU"), time_limit_s=0.05, use_cache=False)
    assert not list(tmp_path.iterdir())
    assert children() == before


def test_bytes_that_are_no_model_are_refused() -> None:
    settings = resolve_settings(load_chip("imx93"), ())
    with pytest.raises((InputError, ToolError), match=r"^Vela (refuses|failed)"):
        run_vela(b"no model", settings, 60.0)


def test_the_memory_limit_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "ADDRESS_SPACE_BYTES", 64 << 20)
    with pytest.raises(ToolError, match=r"^chain: Vela "):
        place(chain("RELU"), use_cache=False)


def test_without_vela_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in for an environment without the package, which the test environment always has.
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    with pytest.raises(ToolError, match=r"Vela is not installed\. Install it with: pip install"):
        place(chain("RELU"))


def test_another_vela_is_not_taken_for_5_2(monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in for an environment with another release.
    def older(name: str) -> str:
        return "4.2.0"

    monkeypatch.setattr(metadata, "version", older)
    with pytest.raises(ToolError, match=r"npufit needs Vela 5\.2 beside it; Vela 4\.2\.0 is installed"):
        STACK.place(chain("RELU"), TARGET, PlaceOptions())


def test_versions() -> None:
    assert STACK.resolve_version("5.2.7") == "5.2"
    assert STACK.resolve_version("5.2") == "5.2"
    assert STACK.resolve_version("5.20") is None
    assert STACK.resolve_version("3.11") == "3.11"
    assert STACK.resolve_version("lf-6.1.36_2.1.0") == "lf-6.1.36"
    info = STACK.describe("imx93")
    assert (info.chip, info.default_version) == ("imx93", "5.2")
    assert {"3.8", "3.12", "5.2", "lf-6.1.36"} <= set(info.versions)
