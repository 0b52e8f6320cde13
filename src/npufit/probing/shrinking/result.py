"""A model on which a converter fails, made as small as it gets."""

from __future__ import annotations

from dataclasses import dataclass, field

from npufit.graph import Model
from npufit.probing.options import ProbeOptions
from npufit.probing.shrinking.symptom import Symptom
from npufit.stacks import PlaceOptions


@dataclass(frozen=True, slots=True)
class ShrinkOptions:
    """Options of a shrinking.

    `find` is what must stay: crash, timeout, error, wrong, refused, or refused:INDEX for one operator; empty for what
    the converter does with the model. `tolerance` is the difference of outputs that is not wrong, in steps of integers.
    `probe` says how the converter is asked; of its budget, `questions` and `minutes` count. Its time limit is for a
    whole network; if the converter hangs on that, smaller ones get a minute at most.
    """

    find: str = ""
    tolerance: float = 1.0
    probe: ProbeOptions = field(default_factory=lambda: ProbeOptions(place=PlaceOptions()))


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the shrinking: what became smaller, in words, and the size of the model after it."""

    what: str
    operators: int
    values: int


@dataclass(frozen=True, slots=True)
class ShrinkResult:
    """The smallest model found that shows `symptom` on `converter`.

    `message` is what the converter said to it, `first_message` what it said to the original. `values` counts elements
    of tensors. `questions` is how often the converter was asked; `ended_by` is empty, or what ended the search early.
    `subject` is what the user asked about.
    """

    original: Model
    model: Model
    symptom: Symptom
    subject: str
    version: str
    first_message: str
    message: str
    steps: tuple[Step, ...]
    questions: int
    ended_by: str = ""


def count_values(model: Model) -> int:
    """Return the number of elements in all tensors of the main subgraph."""
    return sum(tensor.element_count for tensor in model.main.tensors)
