"""Asking: converters behind one question, in worker processes, with a budget and a memory of answers."""

from npufit.probing.asking.answer import Answer, End, Unanswered
from npufit.probing.asking.converter import Conversion, Converter

__all__ = ["Answer", "Conversion", "Converter", "End", "Unanswered"]
