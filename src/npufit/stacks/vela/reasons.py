"""The warnings in which Vela says why it leaves an operator on the CPU.

Vela 5 gives a reason below each warning. Earlier releases say in the warning itself whether TensorFlow Lite's semantics
or the NPU's limits are in the way, give the limit below it, and the value found below that. For a type without a recipe
they only say that it is `a CPU only op`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WARNING = re.compile(
    r"^Warning \([^()\n]*operators?\) operator: (?P<type>\S+), ofm: '(?P<ofm>[^\n]*)'\n"
    r"Reason: (?P<reason>[^\n]*(?:\n[^\n]+)*)",
    re.MULTILINE,
)
_OLDER_WARNING = re.compile(
    r"^Warning: (?:Unsupported TensorFlow Lite semantics for )?(?P<type>\S+) '(?P<ofm>[^\n]*)'"
    r"(?: is not supported on the NPU)?\. Placing on CPU instead\n"
    r" - (?P<limit>[^\n]*(?:\n {4,}[^\n]+)*)"
    r"(?:\n   (?! )(?P<found>[^\n]*))?",
    re.MULTILINE,
)
_CPU_ONLY = re.compile(r"^Info: (?P<type>\S+) '(?P<ofm>[^\n]*)' is a CPU only op$", re.MULTILINE)
_CPU_COUNT = re.compile(r"^CPU operators = (\d+) \(", re.MULTILINE)
NO_RECIPE = "is a CPU only op"
"""What releases before 5 say about a type without a recipe."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One warning: the operator's type and output in Vela's naming, the value found, and the required value."""

    operator_type: str
    output: str
    found: str
    wanted: str


def read_reasons(printed: str) -> tuple[Reason, ...]:
    """Return the warnings that Vela printed; the first line of a reason is the value found, the rest its rule."""
    text = printed.replace("\r\n", "\n")
    reasons: list[Reason] = []
    for match in _WARNING.finditer(text):
        found, *wanted = match["reason"].splitlines()
        reasons.append(Reason(match["type"], match["ofm"], found.strip(), " ".join(line.strip() for line in wanted)))
    for match in _OLDER_WARNING.finditer(text):
        wanted = " ".join(match["limit"].split())
        reasons.append(Reason(match["type"], match["ofm"], (match["found"] or "").strip(), wanted))
    reasons += (Reason(match["type"], match["ofm"], NO_RECIPE, "") for match in _CPU_ONLY.finditer(text))
    return tuple(reasons)


def read_cpu_count(printed: str) -> int | None:
    """Return how many operators Vela says it left on the CPU, None if it does not say."""
    found = _CPU_COUNT.search(printed)
    return None if found is None else int(found[1])
