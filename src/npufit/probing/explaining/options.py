"""How to explain a placement: what was observed, and which converters may be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from npufit.loading import ModelSource
from npufit.stacks import PlaceOptions


def _ignore_note(text: str, /) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """Options of an explanation.

    `log` is what the converter printed for the model in question, `observed` are other models with what it printed for
    them; a Path names a file, which may also be the file that the converter wrote. `place` has the converter, which is
    asked if there is one; `other_converters` are command lines of other releases. At most `experiments` are done.
    `note` is told what is being done.
    """

    log: str | Path | None = None
    observed: tuple[tuple[ModelSource, str | Path], ...] = ()
    place: PlaceOptions = field(default_factory=PlaceOptions)
    other_converters: tuple[tuple[str, ...], ...] = ()
    experiments: int = 24
    note: Callable[[str], None] = _ignore_note
