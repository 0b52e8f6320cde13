"""The warnings in which Vela says why it leaves an operator alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WARNING = re.compile(
    r"^Warning \([^()\n]*operators?\) operator: (?P<type>\S+), ofm: '(?P<ofm>[^\n]*)'\n"
    r"Reason: (?P<reason>[^\n]*(?:\n[^\n]+)*)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One warning: the operator's type and output as Vela names them, what it found, and what it wants instead."""

    operator_type: str
    output: str
    found: str
    wanted: str


def read_reasons(printed: str) -> tuple[Reason, ...]:
    """Return the warnings in what Vela printed; the first line of a reason is what it found, the rest its rule."""
    reasons: list[Reason] = []
    for match in _WARNING.finditer(printed.replace("\r\n", "\n")):
        found, *wanted = match["reason"].splitlines()
        reasons.append(Reason(match["type"], match["ofm"], found.strip(), " ".join(line.strip() for line in wanted)))
    return tuple(reasons)
