"""What the delegate refuses: tables of checks, and the decision based on them."""

from npufit.stacks.vx.rules.table import CHECKS, RULES, decide

__all__ = ["CHECKS", "RULES", "decide"]
