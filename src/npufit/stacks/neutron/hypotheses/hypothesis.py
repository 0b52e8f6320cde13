"""A hypothesis on how the converter decides: what speaks for it and against it, and what it would mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from npufit.stacks.neutron.hypotheses.explanation import Explanation
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork

Explanations = Callable[[Sequence[SourceNetwork]], Iterable[Explanation]]
"""Return every way to fill in the parameters that differs in what it means for some networks."""


class Standing(StrEnum):
    """What the observations say about a hypothesis."""

    AGREES = "agrees"
    """Some value of its parameters agrees with every observation."""
    RULED_OUT = "ruled-out"
    """No value of its parameters does."""
    UNTESTED = "untested"
    """No observation speaks about it."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One hypothesis, called `name`: N1 to N8, or a word for the simpler ones; `title` is its statement in a few words.

    `explanations` is None for a hypothesis that predicts nothing about a file: `untested` then says what would have to
    be compared. `support` and `objection` are public facts. `fit` are the arguments of `npufit fit` that would help
    if it were true, with `{like}` for an input size that works; `way_out` is that or something else in words.
    `measures` are quantities of single operators to count for it, with their words.
    """

    name: str
    title: str
    statement: str
    support: str
    objection: str
    way_out: str
    explanations: Explanations | None = None
    fit: str = ""
    untested: str = ""
    measures: tuple[tuple[str, str], ...] = ()

    @property
    def is_numbered(self) -> bool:
        """True for N1 to N8, the open ones."""
        return self.name[0] == "N" and self.name[1:].isdigit()
