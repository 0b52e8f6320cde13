"""The form of a pass: it takes a model and returns an equivalent one, with the places that changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from npufit.graph import Model
from npufit.rewrite.context import Context

if TYPE_CHECKING:
    from npufit.execution import Values


class Exactness(StrEnum):
    """Whether a pass changes the answer."""

    EXACT = "exact"
    """The outputs in LiteRT's reference kernels are the same, byte for byte, for every input."""
    APPROXIMATE = "approximate"
    """The outputs differ; the difference is measured and shown."""


@dataclass(frozen=True, slots=True)
class Site:
    """One place where a pass changes something: operators of the model before, and what they become in words."""

    subgraph: int
    operators: tuple[int, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The model after a pass, the places that changed, and remarks, such as additional work.

    `interface_changed` says that inputs or outputs have a different type or shape than before; `adapt_inputs` and
    `adapt_outputs` of the pass then convert between the two.
    """

    model: Model
    sites: tuple[Site, ...]
    notes: tuple[str, ...] = ()
    interface_changed: bool = False


@dataclass(frozen=True)
class Pass(ABC):
    """A rewrite. Its fields are its options, from which API, command line, help and recipe are made.

    The docstring of a pass lists its cases by number; the comments in its code cite the numbers.
    """

    name: ClassVar[str]
    exactness: ClassVar[Exactness]
    summary: ClassVar[str]
    """Its effect, in one line for `--help`."""
    cures: ClassVar[tuple[str, ...]] = ()
    """The ids of the rules and hazards that it cures; `npufit check` then suggests it (`make docs`)."""

    is_only_on_request: ClassVar[bool] = False
    """Whether it does nothing until an option says what for, so that no search tries it."""

    @abstractmethod
    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` rewritten wherever this pass applies and helps on the target, None if nowhere.

        `model` is not changed. Raises InputError if an option cannot be met.
        """

    def adapt_inputs(self, before: Model, after: Model, inputs: Values) -> Values:
        """Return inputs of `before` in the form of `after`; the same by position unless the pass changes them."""
        return {new: inputs[old] for old, new in zip(before.main.inputs, after.main.inputs, strict=True)}

    def adapt_outputs(self, before: Model, after: Model, outputs: Values) -> Values:
        """Return outputs of `after` in the form of `before`; the same by position unless the pass changes them."""
        return {old: outputs[new] for old, new in zip(before.main.outputs, after.main.outputs, strict=True)}


def option(default: object, help_text: str) -> Any:
    """Return a dataclass field with `default`, whose `help_text` the command line shows."""
    return field(default=default, metadata=_help(help_text))


def _help(text: str) -> Mapping[str, str]:
    return {"help": text}
