"""What the tests of every room share: a cache and measurements of their own, and the real models."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from npufit.files import cache_folder
from real_files import list_models


@pytest.fixture(scope="session", autouse=True)
def run_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set one cache for the whole run, so that no model is compiled twice, and nothing of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUFIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NPUFIT_MEASUREMENTS", str(tmp_path_factory.mktemp("measurements")))
        yield


@pytest.fixture(autouse=True)
def no_earlier_checks() -> None:
    """Forget which models were compiled: a check mentions another stack's answer if it is at hand."""
    shutil.rmtree(cache_folder("checks"), ignore_errors=True)


@pytest.fixture(scope="session")
def tiny_models() -> list[bytes]:
    """Return the real models of at most 20 kB."""
    return [path.read_bytes() for path in list_models(most_bytes=20_000).values()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that take `real_model` once per real model that is there."""
    if "real_model" in metafunc.fixturenames:
        metafunc.parametrize("real_model", [pytest.param(path, id=path.stem) for path in list_models().values()])
