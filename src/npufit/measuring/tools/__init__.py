"""Tools: what times a model on a board, the command for one run, and what its output says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.measuring.tools.choosing import able_one, one_of_each, tools_of
    from npufit.measuring.tools.tool import DelegateFinding, DelegateUse, RunRequest, Timing, Tool

__all__ = ["DelegateFinding", "DelegateUse", "RunRequest", "Timing", "Tool", "able_one", "one_of_each", "tools_of"]

_HOMES = {
    "npufit.measuring.tools.choosing": ("able_one", "one_of_each", "tools_of"),
    "npufit.measuring.tools.tool": ("DelegateFinding", "DelegateUse", "RunRequest", "Timing", "Tool"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
