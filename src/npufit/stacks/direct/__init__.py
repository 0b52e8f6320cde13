"""The stack `direct`: Vela compiles, and Linux's own `ethosu` driver decides on each stream; no Mesa, no firmware."""

from npufit.stacks.direct.stack import DirectStack
from npufit.stacks.direct.verdicts import KernelRange, judge_calls, judge_known_releases, sram_of

STACK = DirectStack()

__all__ = [
    "STACK",
    "DirectStack",
    "KernelRange",
    "judge_calls",
    "judge_known_releases",
    "sram_of",
]
