"""By what a driver recognizes a chip: the values of its file that a virtual device answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.chips import Fact
from npufit.errors import InputError

_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}
_LARGEST_BYTES = 64 << 20
_LARGEST_REGISTER = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Identity:
    """The facts of a chip that concern its device, by name."""

    chip: str
    facts: Mapping[str, Fact]

    def text(self, name: str) -> str:
        """Return a name such as the path of the node. Raises InputError if the chip has none."""
        value = self._fact(name).value
        if not isinstance(value, str):
            raise self._error(name, "a text")
        return value

    def register(self, name: str) -> int:
        """Return the value of a register of 32 bits, written as text such as 0x1000. Raises InputError."""
        try:
            value = int(self.text(name), 0)
        except ValueError:
            raise self._error(name, "the value of a register, such as '0x10064000'") from None
        if not 0 <= value <= _LARGEST_REGISTER:
            raise self._error(name, "the value of a register of 32 bits")
        return value

    def bytes(self, name: str) -> int:
        """Return a size in bytes, of at most 64 MiB: no NPU has so much SRAM. Raises InputError."""
        fact = self._fact(name)
        is_size = isinstance(fact.value, int) and fact.unit in _UNITS
        found = int(fact.value) * _UNITS[fact.unit or ""] if is_size else -1
        if not 0 <= found <= _LARGEST_BYTES:
            raise self._error(name, f"a size of at most 64 MiB, in {', '.join(_UNITS)}")
        return found

    def _fact(self, name: str) -> Fact:
        if name not in self.facts:
            raise InputError(f"Chip '{self.chip}': the table [device] lacks '{name}', which its driver is asked for.")
        return self.facts[name]

    def _error(self, name: str, wanted: str) -> InputError:
        return InputError(f"Chip '{self.chip}': '{name}' is {self._fact(name)}, but has to be {wanted}.")
