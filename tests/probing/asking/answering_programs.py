"""Converters for the tests of asking: programs with one behaviour each, and one that counts how often it is asked."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from npufit.graph import Model
from npufit.probing import Command
from npufit.probing.asking import Answer, Conversion, End
from npufit.stacks import Unit

LINES = r"operator (?P<index>\d+): (?P<unit>\w+)"


def program(text: str, *more: str, pattern: str | None = LINES, custom_operator: str | None = None) -> Command:
    """Return a command that runs the Python program `text` with the model's file as its first argument."""
    return Command((sys.executable, "-c", text, "{input}", "{output}", *more), pattern, custom_operator)


@dataclass(frozen=True, slots=True)
class CountingConverter:
    """Takes maps of up to `widest` columns, and appends a line to `diary` for each question.

    On a map of `deadly` columns its whole process dies.
    """

    diary: Path
    widest: int = 40
    deadly: int = 0
    name: str = "counting"
    version: str = "1"

    def identify(self) -> tuple[str, ...]:
        return (self.name, str(self.diary), str(self.widest), str(self.deadly))

    def convert(self, model: Model) -> Conversion:
        shape = model.main.tensors[model.main.inputs[0]].shape
        assert shape is not None
        width = shape[-2] if len(shape) > 1 else 1
        with self.diary.open("a") as file:
            file.write(f"{width}\n")
        if width == self.deadly:
            import os

            os.abort()
        unit = Unit.NPU if width <= self.widest else Unit.CPU
        return Conversion(Answer(End.FINE, (unit,) * len(model.main.operators)))

    def asked(self) -> list[int]:
        """Return the widths in the order in which they were asked."""
        return [int(line) for line in self.diary.read_text().split()] if self.diary.exists() else []
