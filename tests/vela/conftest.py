"""One cache for the whole run, so that no model is compiled twice, and none of the user's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def run_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set the cache folder for all tests of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUFIT_CACHE_DIR", str(tmp_path_factory.mktemp("vela-cache")))
        yield
