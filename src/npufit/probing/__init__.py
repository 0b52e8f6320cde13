"""probe: find a closed converter's limits by asking it, explain what no limit explains, shrink what breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.probing.options import QUESTION_LIMIT_S, Command, ProbeOptions

if TYPE_CHECKING:
    from npufit.probing.asking import Answer, Conversion, Converter, Desk, End, Unanswered, choose_converter
    from npufit.probing.probe import probe
    from npufit.probing.result import ProbeResult

__all__ = [
    "QUESTION_LIMIT_S",
    "Answer",
    "Command",
    "Conversion",
    "Converter",
    "Desk",
    "End",
    "ProbeOptions",
    "ProbeResult",
    "Unanswered",
    "choose_converter",
    "probe",
]

_HOMES = {
    "npufit.probing.asking": ("Answer", "Conversion", "Converter", "Desk", "End", "Unanswered", "choose_converter"),
    "npufit.probing.probe": ("probe",),
    "npufit.probing.result": ("ProbeResult",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
