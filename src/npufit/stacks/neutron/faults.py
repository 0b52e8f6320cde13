"""Error numbers of the driver and the firmware, split into their fields."""

from __future__ import annotations

import re
from dataclasses import dataclass

from npufit.stacks.neutron import sources
from npufit.stacks.placement import Note
from npufit.stacks.rule import Evidence

_FAULT = re.compile(
    r"(?:internal fault code|Internal Neutron NPU driver error) {0,4}[=:]? {0,4}(0x[0-9a-f]{1,8}|\d{1,10})\b",
    re.IGNORECASE | re.ASCII,
)
_COMPONENTS = {1: "library", 2: "firmware", 3: "driver"}
_MOST_FAULTS = 8
_LONGEST_SOURCE = 10_000


@dataclass(frozen=True, slots=True)
class Fault:
    """An error number, and its fields if it is built as in NeutronErrors.h.

    Bits 0 to 2 are the component, 3 to 7 the category, 8 to 30 the code.
    """

    number: int

    @property
    def component(self) -> str | None:
        """Library, firmware or driver; None if the bits name none of them."""
        return _COMPONENTS.get(self.number & 0x7)

    @property
    def category(self) -> int:
        """The category; the header numbers it, but nothing public describes it."""
        return self.number >> 3 & 0x1F

    @property
    def code(self) -> int:
        """The code; for generic driver errors it is the line of source that raised it."""
        return self.number >> 8 & 0x7FFFFF


def find_faults(text: str) -> tuple[Fault, ...]:
    """Return the error numbers in `text`, each once and at most eight."""
    numbers = dict.fromkeys(int(match[1], 0 if match[1][:2].lower() == "0x" else 10) for match in _FAULT.finditer(text))
    return tuple(Fault(number) for number in list(numbers)[:_MOST_FAULTS])


def fault_notes(text: str) -> tuple[Note, ...]:
    """Return a note on every error number in `text`."""
    return tuple(Note(_describe(fault), Evidence.INFERRED, sources.ERROR_BITS) for fault in find_faults(text))


def _describe(fault: Fault) -> str:
    fields = f"category {fault.category}, code {fault.code}"
    if fault.component is None:
        composed = f"Its bits name no component ({fault.number & 0x7}), so it is not built as in NeutronErrors.h"
    else:
        composed = f"Read as in NeutronErrors.h, it means {fault.component}, {fields}"
    line = (
        " Driver codes are source lines, so a small number like this is more likely a line of the driver."
        if fault.number < _LONGEST_SOURCE
        else " Driver codes are source lines."
    )
    return f"Error number {fault.number}: {composed}.{line} Compare it only with reports for the same BSP."
