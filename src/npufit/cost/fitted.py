"""The fitted coefficients that come with npufit (`fitted.json`, written by `python -m npufit.cost.fit`)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from npufit.cost.coefficient import Values
from npufit.cost.data import FITTED, read_json
from npufit.cost.estimate import Band


@dataclass(frozen=True, slots=True)
class Fitted:
    """One cost model's coefficients, and the band of its errors on networks that the fit had not seen."""

    values: Values
    band: Band


@functools.cache
def _document() -> dict[str, Any]:
    return read_json(FITTED)


@functools.cache
def load_fitted(name: str) -> Fitted | None:
    """Return what was fitted for `name`, such as `imx93/cpu` or `imx93/vela`; None where there is nothing."""
    found = _document()["models"].get(name)
    return None if found is None else Fitted(found["values"], Band(**found["band"]))
