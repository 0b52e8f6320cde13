"""Every command on a fixed, small set of models: output, exit code and written files stay as they were.

Times are predicted with the coefficients in `frozen`, so that a new fit changes no answer here. What the packaged
coefficients predict stands in `predicted_times.txt` alone. A coefficient that is new goes into `frozen` by hand.

After a change that is meant, keep the new answers with NPUFIT_UPDATE_GOLDEN=1 and read the difference. Answers of
commands that are no longer in `replay_commands.py` are to be removed by hand; a test names them.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from replay_commands import COMMANDS

import npufit
from npufit import __version__
from npufit.cli import main
from npufit.cost import packaged_coefficients
from npufit.validating import rows
from real_files import find_model

_FOLDER = Path(__file__).parent
_KEPT = _FOLDER / "kept"
_LINKS = {
    **{name: _FOLDER.parent / name for name in ("models", "captures", "stand_ins")},
    "files": _FOLDER / "files",
}
_TEXTS = {".txt", ".toml", ".json", ".md"}
_MASKS = (
    (re.compile(r"\b(compile|load|first inference|steady|reference) \d+\.\d+ s\b"), r"\1 <time> s"),
    (re.compile(r'"(compile|load|first|steady|reference)": \d[\d.e-]*'), r'"\1": "<time>"'),
    (re.compile(r"\b(images?) in \d[\d.]* s(, \d[\d.]* ms each)?"), r"\1 in <time>"),
    (re.compile(r'"seconds": \d[\d.]*'), '"seconds": "<time>"'),
    (re.compile(r"(?<![\d-])20\d\d-\d\d-\d\d(?![\d-])"), "<date>"),
    (re.compile(re.escape(__version__)), "<version>"),
)
"""What differs from run to run, from day to day and from release to release."""

_NETWORKS = ("zoo:mobilenet_v1@224,uint8", "zoo:mobilenet_v2@224,int8", "fastestdet_shufflenetv2.tflite")
_TARGETS = ("imx93/teflon", "imx8mp/teflon", "imx93/vela", "imx93/direct", "imx8mp/vx", "imx95/neutron")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache of the whole replay, so that no model is compiled twice."""
    return tmp_path_factory.mktemp("replay-cache")


@pytest.fixture
def frozen() -> Iterator[None]:
    """Predict with frozen coefficients."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packaged_coefficients, "COEFFICIENTS", _FOLDER / "frozen" / "coefficients.json")
        patch.setattr(rows, "HELD_OUT", _FOLDER / "frozen" / "held_out.json")
        _forget_coefficients()
        yield
    _forget_coefficients()


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_answers_as_before(name: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for link, folder in _LINKS.items():
        (tmp_path / link).symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    for variable, value in {"COLUMNS": "100", "NO_COLOR": "1", "NPUFIT_CACHE_DIR": str(cache)}.items():
        monkeypatch.setenv(variable, value)
    shutil.rmtree(cache / "checks", ignore_errors=True)  # what other commands have compiled
    answer = _masked(_answer(COMMANDS[name]), {tmp_path: "<folder>", cache: "<cache>"})
    _compare(answer, _KEPT / f"{name}.txt")


def test_times_are_predicted_as_before() -> None:
    """With the packaged coefficients: the total, its range, and the CPU alone, in milliseconds."""
    lines: list[str] = []
    for network, target in itertools.product(_NETWORKS, _TARGETS):
        source = network if network.startswith("zoo:") else find_model(network)
        estimate = npufit.check(npufit.load(source), target).estimate
        assert estimate is not None
        span = [estimate.total_ms, estimate.low_ms, estimate.high_ms, estimate.cpu_only_ms]
        numbers = "".join("        -" if ms is None else f"{ms:9.4g}" for ms in span)
        lines.append(f"{network:32}{target:14}{numbers}")
    _compare("\n".join(lines) + "\n", _FOLDER / "predicted_times.txt")


def test_nothing_is_kept_of_commands_that_are_gone() -> None:
    assert {path.stem for path in _KEPT.iterdir()} == set(COMMANDS)


def _compare(answer: str, path: Path) -> None:
    if os.environ.get("NPUFIT_UPDATE_GOLDEN"):
        path.write_text(answer, encoding="utf-8")
    assert answer == path.read_text(encoding="utf-8")


def _forget_coefficients() -> None:
    packaged_coefficients.read_coefficients.cache_clear()
    packaged_coefficients.load_coefficients.cache_clear()


def _answer(arguments: Sequence[str]) -> str:
    """Return what `npufit` with these arguments says, leaves with, and writes into the current folder."""
    said, complained = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(complained):
        patch.setattr(sys, "argv", ["npufit", *arguments])
        patch.setattr(sys.modules["__main__"], "__package__", None)  # from which click would take the program's name
        with pytest.raises(SystemExit) as left:
            main()
    parts = [f"$ {shlex.join(['npufit', *arguments])}", f"exit code {left.value.code}", "", said.getvalue()]
    if complained.getvalue():
        parts += ["--- standard error", complained.getvalue()]
    for path in sorted(path for path in Path().rglob("*") if path.is_file() and path.parts[0] not in _LINKS):
        parts += [f"--- {path}, {path.stat().st_size} bytes", _content(path)]
    return "\n".join(parts)


def _content(path: Path) -> str:
    """Return what a file holds: texts in full, of other files the digest."""
    if path.suffix in _TEXTS:
        return path.read_text(encoding="utf-8")
    if path.suffix == ".npz":  # the archive holds the time when it was written
        with np.load(path) as arrays:
            return "".join(
                f"{name} {array.dtype}{array.shape} {_digest(array.tobytes())}\n" for name, array in arrays.items()
            )
    return f"{_digest(path.read_bytes())}\n"


def _digest(data: bytes) -> str:
    return f"SHA-256 {hashlib.sha256(data).hexdigest()}"


def _masked(answer: str, folders: dict[Path, str]) -> str:
    for folder, name in folders.items():
        answer = answer.replace(str(folder), name)
    for pattern, name in _MASKS:
        answer = pattern.sub(name, answer)
    return answer
