"""Asking: converters behind one question, in worker processes, with a budget and a memory of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes
from npufit.probing.asking.answer import INTERRUPTED, Answer, End, Unanswered
from npufit.probing.asking.converter import Conversion, Converter

if TYPE_CHECKING:
    from npufit.probing.asking.choosing import Subject, choose_converter
    from npufit.probing.asking.desk import Desk

__all__ = [
    "INTERRUPTED",
    "Answer",
    "Conversion",
    "Converter",
    "Desk",
    "End",
    "Subject",
    "Unanswered",
    "choose_converter",
]

_HOMES = {
    "npufit.probing.asking.choosing": ("Subject", "choose_converter"),
    "npufit.probing.asking.desk": ("Desk",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
