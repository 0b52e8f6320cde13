"""npufit: where each operator of a `.tflite` model runs on an embedded NPU, why, and what to change.

>>> import npufit
>>> result = npufit.check(npufit.load("zoo:mobilenet_v1@128,uint8"), "imx93/teflon@26.2")
>>> result.summary.npu, result.summary.operators
(30, 31)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from npufit._version import __version__

if TYPE_CHECKING:
    from npufit.checking import CheckResult, check
    from npufit.cost import Estimate, EstimateOptions
    from npufit.loading import load
    from npufit.stacks import PlaceOptions, Target

__all__ = [
    "CheckResult",
    "Estimate",
    "EstimateOptions",
    "PlaceOptions",
    "Target",
    "__version__",
    "check",
    "load",
]

_HOMES = {
    "CheckResult": "npufit.checking",
    "check": "npufit.checking",
    "load": "npufit.loading",
    "Estimate": "npufit.cost",
    "EstimateOptions": "npufit.cost",
    "PlaceOptions": "npufit.stacks",
    "Target": "npufit.stacks",
}


def __getattr__(name: str) -> Any:
    # The public names are imported on first use, so that `npufit --help` stays instant.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'npufit' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(home), name)
