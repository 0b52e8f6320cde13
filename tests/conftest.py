"""What the tests of every room share: a cache of their own, and the real models beside the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from real_files import SHARED

SHARED_MODELS = SHARED / "models"
_ABSENT = f"{SHARED_MODELS} is not there: the real models lie beside the repository"
_SMALL_BYTES = 400_000


@pytest.fixture(scope="session", autouse=True)
def run_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set one cache for the whole run, so that no model is compiled twice, and none of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUFIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def captures() -> Path:
    """Return the folder of the captured submissions; skips where it is absent."""
    folder = SHARED / "captures"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: the captures lie beside the repository")
    return folder


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Return the folder of the real models; skips where it is absent."""
    if not SHARED_MODELS.is_dir():
        pytest.skip(_ABSENT)
    return SHARED_MODELS


@pytest.fixture(scope="session")
def tiny_models() -> list[bytes]:
    """Return the real models of at most 20 kB; none where the folder is absent, for tests that have other files too."""
    return [path.read_bytes() for path in list_models(SHARED_MODELS, most_bytes=20_000)]


def list_models(folder: Path, most_bytes: int | None = None) -> list[Path]:
    """Return the .tflite files in and below `folder`, sorted by path, up to `most_bytes` each."""
    found = sorted(folder.rglob("*.tflite"))
    return [path for path in found if most_bytes is None or path.stat().st_size <= most_bytes]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that take `shared_model` once per real model, those that take `small_shared_model` per small one."""
    for argument, most_bytes in (("shared_model", None), ("small_shared_model", _SMALL_BYTES)):
        if argument in metafunc.fixturenames:
            paths = list_models(SHARED_MODELS, most_bytes)
            absent = [pytest.param(None, marks=pytest.mark.skip(_ABSENT), id="absent")]
            metafunc.parametrize(argument, [pytest.param(path, id=path.stem) for path in paths] or absent)
