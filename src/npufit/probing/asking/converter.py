"""What can be asked: anything that takes a model and says where its operators run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from npufit.graph import Model
from npufit.probing.asking.answer import Answer


@dataclass(frozen=True, slots=True)
class Conversion:
    """An answer with what the tool printed and wrote; `compiled` is None if it wrote no file."""

    answer: Answer
    log: str = ""
    compiled: bytes | None = None


class Converter(Protocol):
    """A converter, a compiler or a library behind one question. A frozen dataclass: it travels to worker processes.

    It decides nothing but where the operators of a model run, and never raises for a model: a crash is an answer.
    """

    @property
    def name(self) -> str:
        """What users call it: `imx93/vela@5.2`, or the command."""
        ...

    @property
    def version(self) -> str:
        """The version that the tool states; empty if it states none."""
        ...

    def identify(self) -> tuple[str, ...]:
        """Return what tells this tool, with its settings, from others, for keeping answers. Never raises."""
        ...

    def convert(self, model: Model) -> Conversion:
        """Return what the tool makes of `model`. Raises ToolError only if the tool cannot be started at all."""
        ...
