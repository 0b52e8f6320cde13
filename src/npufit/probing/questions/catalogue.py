"""All spaces by name: which operator types can be asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from npufit.errors import InputError
from npufit.graph import OPERATOR_TYPES
from npufit.probing.questions import (
    arithmetic,
    chains,
    conversions,
    convolutions,
    functions,
    matrices,
    parts,
    pooling,
    reductions,
    reshaping,
    resizing,
)
from npufit.probing.questions.space import Space

_ROOMS = (
    convolutions,
    matrices,
    pooling,
    arithmetic,
    functions,
    reductions,
    resizing,
    reshaping,
    parts,
    conversions,
    chains,
)
"""In the order in which a probe reports."""

_SPACES: Mapping[str, Space] = {space.name: space for room in _ROOMS for space in room.SPACES}


def space_of(name: str) -> Space:
    """Return the space called `name`: an operator type, or a chain. Raises InputError if there is none."""
    try:
        return _SPACES[name]
    except KeyError:
        near = get_close_matches(name, _SPACES, 3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(operator_types())}."
        known = "cannot be drawn" if name in OPERATOR_TYPES else "is no operator type"
        raise InputError(f"{name} {known}. {hint}") from None


def operator_types() -> tuple[str, ...]:
    """Return the operator types that can be asked about, those that networks have most first."""
    return tuple(name for name, space in _SPACES.items() if name == space.operator)


def spaces(operators: Sequence[str] = ()) -> tuple[Space, ...]:
    """Return the spaces of `operators`, of all types if there are none. Raises InputError for an unknown type."""
    wanted = dict.fromkeys(operator.strip().upper() for operator in operators) or operator_types()
    return tuple(space_of(name) for name in wanted)
