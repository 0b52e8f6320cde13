"""The public observations of i.MX95 that speak about single operators, on networks built anew."""

from __future__ import annotations

from functools import cache

from npufit.stacks.neutron.hypotheses.bounds import counted_bounds
from npufit.stacks.neutron.hypotheses.seen import SeenConversion
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork
from npufit.stacks.neutron.networks import Network
from npufit.stacks.neutron.observations import OBSERVATIONS, Observation
from npufit.stacks.neutron.versions import RELEASES, Release, find_release
from npufit.stacks.rule import Evidence
from npufit.zoo import build, parse_spec

_BUILT_AS = {Network.KERAS_MOBILENET_V2: "mobilenet_v2@{size},int8"}
"""How the zoo builds the networks whose operators were counted."""


@cache
def public_conversions() -> tuple[SeenConversion, ...]:
    """Return the public conversions whose operators were counted, those that kept most first."""
    counted = [
        (entry, name.format(size=entry.size))
        for entry in OBSERVATIONS
        if entry.total and (name := _BUILT_AS.get(entry.networks[0])) is not None
    ]
    counted.sort(key=lambda pair: pair[0].converted / pair[0].total, reverse=True)
    # Operators that stay on the CPU in the best case stay there in every case, and may be anywhere.
    anywhere = min((entry.total - entry.converted for entry, _ in counted), default=0)
    return tuple(_conversion(entry, name, anywhere) for entry, name in counted)


def silent_observations() -> tuple[Observation, ...]:
    """Return the public observations that do not say which operators, or how many, were converted."""
    return tuple(entry for entry in OBSERVATIONS if not entry.total)


def _conversion(entry: Observation, name: str, anywhere: int) -> SeenConversion:
    release = find_release(entry.version)
    assert release is not None
    network = SourceNetwork(build(parse_spec(name)), f"{entry.networks[0]} at {entry.size}x{entry.size}", release)
    window = range(entry.total - entry.converted - anywhere, entry.total) if entry.near_output else range(entry.total)
    bounds = counted_bounds(network, entry.total, entry.converted, window)
    where = ", those near the output" if entry.near_output else ""
    return SeenConversion(
        network=network,
        bounds=bounds.without_converted(),
        what=f"{entry.converted} of {entry.total} operators{where}",
        release=release.version,
        source=entry.source,
        evidence=Evidence.OBSERVED,
    )


def release_named(version: str) -> Release:
    """Return the release of a target's version."""
    release = find_release(version)
    return release or RELEASES[-1]


def release_of_public_conversions() -> Release:
    """Return the release that most public conversions with counts are of."""
    release = find_release(public_conversions()[0].release)
    assert release is not None
    return release
