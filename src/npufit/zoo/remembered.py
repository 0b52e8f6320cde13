"""Weights that are drawn once: the layers of a network have the same ones at every resolution.

What is remembered is what a model keeps anyway, its buffers. So models of one network at several sizes share them, and
real values are drawn again only for a number format that nobody has asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from npufit.graph import Buffer, Quantization

if TYPE_CHECKING:
    from npufit.zoo.moments import Floats, Moments

_MOST_BYTES = 192 << 20
"""What all remembered buffers may take; the layers used longest ago are forgotten first."""

Form = tuple[Buffer, Quantization]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """What is remembered of a layer: all but its real values, and where the random numbers went on after it."""

    bias: Floats
    moments: Moments
    place_after: bytes
    forms: dict[Hashable, Form] = field(default_factory=dict[Hashable, Form])

    @property
    def size_bytes(self) -> int:
        """Number of bytes of its buffers."""
        return sum(buffer.size_bytes for buffer, _ in self.forms.values())


class LayerMemory:
    """Layers by all that their weights depend on."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Remember nothing yet."""
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._layers: dict[Hashable, Layer] = {}

    def find(self, key: Hashable) -> Layer | None:
        """Return the layer called `key`, None if it is not remembered."""
        with self._lock:
            layer = self._layers.pop(key, None)
            if layer is not None:
                self._layers[key] = layer
            return layer

    def add(self, key: Hashable, layer: Layer) -> Layer:
        """Remember `layer`, and forget others if there are too many; return it."""
        with self._lock:
            self._layers[key] = layer
            total = sum(known.size_bytes for known in self._layers.values())
            for old in list(self._layers)[:-1]:
                if total <= self._most_bytes:
                    break
                total -= self._layers.pop(old).size_bytes
        return layer


class WeightValues:
    """The real values of a layer's weights, made when they are asked for, and their forms in number formats."""

    __slots__ = ("_array", "_forms", "_make", "shape")

    def __init__(
        self, shape: tuple[int, ...], make: Callable[[], Floats], forms: dict[Hashable, Form] | None = None
    ) -> None:
        """Describe values of `shape` that `make` returns; `forms` are shared with other models."""
        self.shape = shape
        self._make = make
        self._array: Floats | None = None
        self._forms = {} if forms is None else forms

    @property
    def array(self) -> Floats:
        """The values."""
        if self._array is None:
            self._array = self._make()
        return self._array

    def form(self, kind: Hashable, make: Callable[[], Form]) -> Form:
        """Return the form called `kind`, which `make` returns if it is not remembered."""
        if kind not in self._forms:
            self._forms[kind] = make()
        return self._forms[kind]
