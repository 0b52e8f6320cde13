"""The key of a point: everything that its outcome depends on."""

from __future__ import annotations

from npufit.chips import load_chip
from npufit.jobs import key_of, own_digest
from npufit.rewrite.resolution import Size
from npufit.stacks import PlaceOptions, has_known_chip, identify_tools
from npufit.sweeping.network import Network
from npufit.sweeping.outcome import FORM
from npufit.sweeping.setup import Setup


def setup_identity(setup: Setup, place: PlaceOptions) -> list[str]:
    """Return what a setup's outcomes depend on: target, chip, settings, a board's coefficients, the tools that run."""
    options = setup.place_options(place)
    return [
        str(setup),
        repr(load_chip(setup.target.chip)) if has_known_chip(setup.target) else "",
        repr(setup.estimate_options),
        *identify_tools(setup.target, options),
        own_digest(),
    ]


def point_key(network: Network, size: Size | None, setup: list[str]) -> str:
    """Return the key of a point; `setup` is from `setup_identity`."""
    return key_of("sweep", FORM, network.identity, network.precision, list(size or ()), setup)
