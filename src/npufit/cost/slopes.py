"""How much a prediction changes with each coefficient: in percent for one percent, so shares of the time."""

from __future__ import annotations

from collections.abc import Callable
from math import log

from npufit.cost.coefficient import Values

_SMALL = 1e-4


def slopes_by_differences(
    predict: Callable[[Values], float], values: Values, change: float = _SMALL
) -> dict[str, float]:
    """Return by how many percent `predict` grows for one percent of each of `values`, each changed by a share `change`.

    Models of NPUs count whole bursts and blocks, so they have small steps; a `change` that is small against them would
    take a step for a cliff.
    """
    base = predict(values)
    if not base > 0:
        return {}
    changed = {name: predict({**values, name: value * (1 + change)}) for name, value in values.items()}
    return {name: log(max(found, base * 1e-9) / base) / log(1 + change) for name, found in changed.items()}
