"""What the tests of passes share: a cache of their own for Vela, and the comparison of before and after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def rewrite_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set the cache folder for all tests of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUFIT_CACHE_DIR", str(tmp_path_factory.mktemp("rewrite-cache")))
        yield
