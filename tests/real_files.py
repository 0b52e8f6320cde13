"""Where real files lie: small models and captures in the repository, larger ones beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"
ORACLES = Path(__file__).parent / "oracles"
_MODELS = Path(__file__).parent / "models"
_MODEL_FOLDERS = (_MODELS, SHARED / "models")
_CAPTURE_FOLDERS = (_MODELS.parent / "captures", SHARED / "captures")


def find_model(file: str) -> Path:
    """Return the real model called `file`, a path below tests/models or ../shared/models; skips where it is absent."""
    return _find(file, _MODEL_FOLDERS)


def find_capture(name: str) -> Path:
    """Return the folder of the captured submissions of the model called `name`; skips where it is absent."""
    return _find(name, _CAPTURE_FOLDERS)


def skip_if_absent(arguments: Iterable[str]) -> None:
    """Skip where a command that a page of the documentation shows names a file beside the repository that is absent."""
    for word in arguments:
        if word.startswith("../shared/") and not (REPOSITORY / word).exists():
            pytest.skip(f"{word} is not there")


def list_models(most_bytes: int | None = None) -> dict[str, Path]:
    """Return the real models that are there, by file and sorted, up to `most_bytes` each."""
    found = _list("*.tflite", _MODEL_FOLDERS)
    return {file: path for file, path in found.items() if most_bytes is None or path.stat().st_size <= most_bytes}


def list_own_models() -> dict[str, Path]:
    """Return the models of the repository, by file and sorted."""
    return _list("*.tflite", (_MODELS,))


def list_captures() -> dict[str, Path]:
    """Return the folders of the captures that are there, by the name of their model."""
    return {str(Path(log).parent): path.parent for log, path in _list("teflon.log", _CAPTURE_FOLDERS).items()}


def _find(name: str, folders: tuple[Path, ...]) -> Path:
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    return pytest.skip(f"{name} is neither in the repository nor in {folders[-1]}")


def _list(pattern: str, folders: tuple[Path, ...]) -> dict[str, Path]:
    found = {
        str(path.relative_to(folder)): path for folder in reversed(folders) for path in sorted(folder.rglob(pattern))
    }
    return dict(sorted(found.items()))
