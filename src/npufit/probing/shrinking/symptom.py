"""What a smaller model must still show: the converter's crash, its hang, its error, a refusal or a wrong answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from npufit.errors import InputError
from npufit.graph import Model
from npufit.probing.asking import Answer, End
from npufit.stacks import Unit


class Find(StrEnum):
    """The kinds of symptoms."""

    CRASH = "crash"
    TIMEOUT = "timeout"
    ERROR = "error"
    REFUSED = "refused"
    """An operator stays on the CPU."""
    WRONG = "wrong"
    """The model runs, and its outputs differ from those of the reference kernels."""


_ENDS = {End.CRASH: Find.CRASH, End.TIMEOUT: Find.TIMEOUT, End.ERROR: Find.ERROR}
_SIGNAL = re.compile(r"\bSIG[A-Z]{2,8}\b")
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|0x[0-9a-fA-F]+|\d[\d.,x]*|/\S+")
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Symptom:
    """What must stay: `said` is what of the message does not depend on sizes and names.

    `tensor` is the first output of the operator that is refused, empty for other kinds: names survive the shrinking.
    """

    find: Find
    said: str = ""
    tensor: str = ""

    def shows(self, model: Model, answer: Answer) -> bool:
        """Return whether `answer` to `model` shows this symptom; wrong answers are not seen in an answer."""
        if self.find is Find.REFUSED:
            place = refused_place(model, self.tensor)
            return place is not None and answer.end is End.FINE and answer.units[place] is Unit.CPU
        return _ENDS.get(answer.end) is self.find and essence(answer.message) == self.said


def essence(message: str) -> str:
    """Return what of a message stays the same for another model: the signal of a crash, or its words without values."""
    signal = _SIGNAL.search(message)
    return signal[0] if signal else " ".join(_VARYING.sub("…", message).split())[:_LONGEST]


def refused_place(model: Model, tensor: str) -> int | None:
    """Return the index of the operator whose first output is called `tensor`, None if it is gone."""
    main = model.main
    return next((index for index, it in enumerate(main.operators) if main.operator_name(it) == tensor), None)


def symptom_of(model: Model, answer: Answer, wanted: str) -> Symptom | None:
    """Return the symptom that `answer` shows: the one called `wanted`, or without a name the worst; None if none.

    `wanted` is the name of a kind, or `refused:INDEX`. Raises InputError if it is neither.
    """
    kind, _, index = wanted.partition(":")
    if (kind and kind not in list(Find)) or (index and (kind != Find.REFUSED or not index.isdecimal())):
        raise InputError(f"--find {wanted}: unknown. Known: {', '.join(Find)}, and refused:INDEX for one operator.")
    if answer.end in _ENDS:
        found = Symptom(_ENDS[answer.end], essence(answer.message))
        return found if kind in ("", found.find) else None
    if kind != Find.REFUSED:
        return None
    return _refusal(model, answer, index)


def _refusal(model: Model, answer: Answer, index: str) -> Symptom | None:
    """Return the refusal of the operator at `index`, or of the first that is on the CPU."""
    main = model.main
    if index and int(index) >= len(main.operators):
        raise InputError(f"--find refused:{index}: {model.name} has {len(main.operators)} operators, counted from 0.")
    places = [int(index)] if index else range(len(main.operators))
    place = next((it for it in places if answer.units[it] is Unit.CPU), None)
    return None if place is None else Symptom(Find.REFUSED, tensor=main.operator_name(main.operators[place]))
