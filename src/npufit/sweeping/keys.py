"""The key of a point: everything that its outcome depends on."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from npufit.chips import load_chip
from npufit.jobs import key_of
from npufit.rewrite.resolution import Size
from npufit.stacks import PlaceOptions, identify_tools
from npufit.sweeping.network import Network
from npufit.sweeping.outcome import FORM
from npufit.sweeping.setup import Setup

_SOURCES = (".py", ".json", ".toml", ".csv")
_PRINTING = ("cli", "report")
"""Rooms that show outcomes and change none."""


def setup_identity(setup: Setup, place: PlaceOptions) -> list[str]:
    """Return what a setup's outcomes depend on: target, chip, settings, a board's coefficients, the tools that run."""
    options = setup.place_options(place)
    return [
        str(setup),
        repr(load_chip(setup.target.chip)),
        repr(setup.estimate_options),
        *identify_tools(setup.target, options),
        own_digest(),
    ]


def point_key(network: Network, size: Size | None, setup: list[str]) -> str:
    """Return the key of a point; `setup` is from `setup_identity`."""
    return key_of("sweep", FORM, network.identity, network.precision, list(size or ()), setup)


@cache
def own_digest() -> str:
    """Return the digest of npufit's own sources and tables: what they change is computed anew."""
    digest = hashlib.sha256()
    for name, data in _contents(files("npufit")):
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def _contents(folder: Traversable) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name not in _PRINTING:
            found += _contents(entry)
        elif entry.name.endswith(_SOURCES):
            found.append((entry.name, entry.read_bytes()))
    return found
