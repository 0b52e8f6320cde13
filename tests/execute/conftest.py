"""One cache for the whole run, so that no model is compiled twice, and none of the user's; the captures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

_SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture(scope="session", autouse=True)
def run_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set the cache folder for all tests of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUFIT_CACHE_DIR", str(tmp_path_factory.mktemp("vela-cache")))
        yield


@pytest.fixture(scope="session")
def captures() -> Path:
    """Return the folder of the captured submissions; skips where it is absent."""
    folder = _SHARED / "captures"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: the captures lie beside the repository")
    return folder
