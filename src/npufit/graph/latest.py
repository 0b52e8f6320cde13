"""What was found out about the model that was asked about last: several targets and releases ask the same of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from npufit.graph.model import Model

Key = TypeVar("Key")
Value = TypeVar("Value")


class Latest(Generic[Key, Value]):
    """Values by key, about one model at a time. They are dropped with the model, which values must not refer to."""

    def __init__(self) -> None:
        """Know nothing."""
        self._kept: tuple[weakref.ref[Model] | None, list[tuple[Key, Value]]] = None, []

    def of(self, model: Model, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value called `key` of this very `model`, which `make` returns if it is not known."""
        known, entries = self._kept
        if known is None or known() is not model:
            entries = []
            self._kept = weakref.ref(model, self._drop), entries
        for other, value in entries:
            if other == key:
                return value
        value = make()
        entries.append((key, value))
        return value

    def _drop(self, dead: weakref.ref[Model]) -> None:
        if self._kept[0] is dead:
            self._kept = None, []
