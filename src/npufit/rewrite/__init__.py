"""What a model can be rewritten with: passes, and the graph surgery, arithmetic and quantization that they need."""

from npufit.rewrite.context import Context
from npufit.rewrite.registry import load_pass, make_pass, parse_pass, pass_names
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery.editor import Editor

__all__ = [
    "Context",
    "Editor",
    "Exactness",
    "Pass",
    "Rewritten",
    "Site",
    "load_pass",
    "make_pass",
    "parse_pass",
    "pass_names",
]
