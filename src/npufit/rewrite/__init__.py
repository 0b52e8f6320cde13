"""Rewriting models: passes, and the graph surgery, arithmetic and quantization that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.rewrite.context import Context
    from npufit.rewrite.cures import cures_of
    from npufit.rewrite.registry import load_pass, make_pass, parse_pass, pass_names
    from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
    from npufit.rewrite.surgery import Editor

__all__ = [
    "Context",
    "Editor",
    "Exactness",
    "Pass",
    "Rewritten",
    "Site",
    "cures_of",
    "load_pass",
    "make_pass",
    "parse_pass",
    "pass_names",
]

_HOMES = {
    "npufit.rewrite.context": ("Context",),
    "npufit.rewrite.cures": ("cures_of",),
    "npufit.rewrite.registry": ("load_pass", "make_pass", "parse_pass", "pass_names"),
    "npufit.rewrite.rewrite_pass": ("Exactness", "Pass", "Rewritten", "Site"),
    "npufit.rewrite.surgery": ("Editor",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
