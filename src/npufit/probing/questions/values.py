"""Reading the values of a point: each axis has numbers or words."""

from __future__ import annotations

from npufit.probing.questions.space import Values


def number(values: Values, name: str) -> int:
    """Return the number on the axis called `name`."""
    return int(values[name])


def numbers(values: Values, *names: str) -> tuple[int, ...]:
    """Return the numbers on several axes."""
    return tuple(int(values[name]) for name in names)


def word(values: Values, name: str, default: str = "") -> str:
    """Return the word on the axis called `name`, `default` if the space has no such axis."""
    return str(values.get(name, default))


def is_true(values: Values, name: str) -> bool:
    """Return whether the word on the axis called `name` is `true`."""
    return values[name] == "true"
