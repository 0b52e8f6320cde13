"""How many operations a stream has, by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from npufit.errors import InputError
from npufit.ethosu import Instruction

_MOST_BLOCKS = 80_000
"""Operations with tens of registers each; more of them would take gigabytes as text."""

_BLOCKS = ("CONV", "DEPTHWISE", "POOL", "ELEMENTWISE")


def count_operations(instructions: Sequence[Instruction]) -> dict[str, int]:
    """Return how many operations of each kind there are, the most frequent kind first."""
    names = Counter(instruction.name for instruction in instructions if instruction.command.is_operation)
    return dict(names.most_common())


def refuse_absurd(instructions: Sequence[Instruction]) -> None:
    """Raise InputError for more operations than anyone could read."""
    blocks = sum(instruction.name in _BLOCKS for instruction in instructions)
    if blocks > _MOST_BLOCKS:
        raise InputError(f"The stream has {blocks} operations; npufit prints at most {_MOST_BLOCKS}.")
