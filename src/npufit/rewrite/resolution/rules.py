"""What a new input size means for each operator: constants that follow from it, and when it is impossible.

A rule sees an operator of which an operand changes, before the shapes of its outputs are inferred. It changes options
and constants, refuses by an error, or sets the outputs itself and returns True.
"""

from __future__ import annotations

from npufit.rewrite.resolution.layout_rules import LAYOUT_RULES
from npufit.rewrite.resolution.meeting_rules import MEETING_RULES
from npufit.rewrite.resolution.walk import Rule
from npufit.rewrite.resolution.window_rules import WINDOW_RULES

_RULES = {**WINDOW_RULES, **LAYOUT_RULES, **MEETING_RULES}


def rule_of(kind: str) -> Rule | None:
    """Return the rule for operators of a type, or None if shape inference alone is enough."""
    return _RULES.get(kind)
