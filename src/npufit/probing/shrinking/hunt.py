"""Whether a candidate still shows the symptom: asked once for each model, within a budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from npufit.errors import NpufitError
from npufit.graph import Model
from npufit.probing.asking import Answer, End
from npufit.probing.shrinking.symptom import Find, Symptom

Ask = Callable[[Model], Answer]
Wrong = Callable[[Model], str]
"""Returns how the outputs of a model differ from the reference kernels', empty if they do not or cannot be compared."""


class SpentError(Exception):
    """The budget is spent."""


@dataclass(slots=True)
class Hunt:
    """Asks about candidates. `most_questions` and `deadline` (of `time.monotonic`) are None without a limit."""

    symptom: Symptom
    ask: Ask
    wrong: Wrong
    loads: bool
    """Whether LiteRT loads the original: then a candidate that it does not load is no valid model."""
    most_questions: int | None = None
    deadline: float | None = None
    questions: int = 0
    message: str = ""
    """What the converter said to the last candidate that showed the symptom."""
    progress: Callable[[int], None] = lambda questions: None
    _known: dict[bytes, bool] = field(default_factory=dict[bytes, bool])

    def shows(self, candidate: Model | None) -> bool:
        """Return whether `candidate` shows the symptom. Raises SpentError when the budget is spent."""
        from npufit.tflite import serialize_model

        if candidate is None:
            return False
        try:
            data = serialize_model(candidate)
        except NpufitError:
            return False
        if data not in self._known:
            self._known[data] = self._shows(candidate)
        return self._known[data]

    def _shows(self, candidate: Model) -> bool:
        if self.loads and not is_loaded(candidate):
            return False
        if self.most_questions is not None and self.questions >= self.most_questions:
            raise SpentError("questions")
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise SpentError("minutes")
        self.questions += 1
        self.progress(self.questions)
        if self.symptom.find is Find.WRONG:
            said = self.wrong(candidate)
            self.message = said or self.message
            return bool(said)
        answer = self.ask(candidate)
        shows = self.symptom.shows(candidate, answer)
        if shows and answer.end is not End.FINE:
            self.message = answer.message
        return shows


def is_loaded(model: Model) -> bool:
    """Return whether LiteRT's reference kernels load `model`."""
    from npufit.execution import Reference

    try:
        Reference(model)
    except NpufitError:
        return False
    return True
