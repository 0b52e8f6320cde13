"""Public faces that import what they show when it is first asked for: `npufit --help` stays instant."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_attributes(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of `package`, which imports a name from its home and keeps it.

    `homes` has the names by the module that they live in.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        home = importlib.import_module(home_of[name])
        for other in homes[home_of[name]]:  # one may be called like its home, which the import has just put there
            setattr(sys.modules[package], other, getattr(home, other))
        return getattr(home, name)

    return load
