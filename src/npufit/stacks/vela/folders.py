"""Where npufit keeps compilations and environments: under the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Return npufit's folder called `name`: below NPUFIT_CACHE_DIR, else in the user's cache. It need not exist."""
    own = os.environ.get("NPUFIT_CACHE_DIR")
    if own:
        return Path(own) / name
    base = os.environ.get("XDG_CACHE_HOME")
    # The specification of XDG says that relative paths are to be ignored.
    root = Path(base) if base and Path(base).is_absolute() else Path("~/.cache").expanduser()
    return root / "npufit" / name
