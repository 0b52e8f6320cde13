"""The coefficients that come with npufit: `coefficients.json`, written by `python -m npufit.cost.regression`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from npufit.cost.coefficient import Values
from npufit.cost.packaged_files import COEFFICIENTS, read_json
from npufit.cost.spread import Spread


@dataclass(frozen=True, slots=True)
class PackagedCoefficients:
    """One cost model's coefficients, and how far measurements may lie from their predictions.

    `releases` are those of the stack that placed the measured networks, empty if no tool placed them.
    """

    values: Values
    spread: Spread
    releases: tuple[str, ...] = ()

    def was_measured(self, release: str) -> bool:
        """Return whether networks of `release`, such as `3.8` or `3.8.0`, are among the measured ones."""
        return any(release == known or release.startswith(f"{known}.") for known in self.releases)


@functools.cache
def read_coefficients() -> dict[str, Any]:
    """Return the document that the regression wrote."""
    return read_json(COEFFICIENTS)


@functools.cache
def load_coefficients(name: str) -> PackagedCoefficients | None:
    """Return the coefficients for `name`, such as `imx93/cpu` or `imx93/vela`; None if there are none."""
    found = read_coefficients()["models"].get(name)
    return (
        None
        if found is None
        else PackagedCoefficients(found["values"], spread_of(found["spread"]), tuple(found.get("releases", ())))
    )


def spread_of(found: Mapping[str, Any]) -> Spread:
    """Return the spread in a document of the regression."""
    names, covariance = tuple(found["names"]), tuple(found["covariance"])
    return Spread(**{**found, "names": names, "covariance": covariance})  # pyright: ignore[reportArgumentType]
