"""Rewrites of a model until it fits: passes, the search that chooses among them, and the proof that nothing changed."""

from npufit.rewrite.editing import Editor
from npufit.rewrite.registry import load_pass, make_pass, parse_pass, pass_names
from npufit.rewrite.resizing import Resized, resize
from npufit.rewrite.rewriting import Context, Exactness, Pass, Rewritten, Site

__all__ = [
    "Context",
    "Editor",
    "Exactness",
    "Pass",
    "Resized",
    "Rewritten",
    "Site",
    "load_pass",
    "make_pass",
    "parse_pass",
    "pass_names",
    "resize",
]
