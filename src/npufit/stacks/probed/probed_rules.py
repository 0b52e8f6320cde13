"""The limits of one converter, as a probe found them: what a rule file contains."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from npufit.stacks.probed.limit import Crash, Entry, GroupLimit, Limit, Separator, Value

_INTERPRETER = re.compile(r"(python|sh$|bash$|env$|ssh$)")


@dataclass(frozen=True, slots=True)
class AskedRange(Entry):
    """The values of a quantity in the models that were accepted; nothing is known of operators outside of them.

    `least` and `most` are the ends for numbers, None if there are none; `words` are all other values.
    """

    quantity: str
    least: int | None = None
    most: int | None = None
    words: tuple[str, ...] = ()

    def covers(self, value: Value) -> bool:
        """Return whether `value` was asked about, or lies between two numbers that were."""
        if isinstance(value, str):
            return value in self.words
        return self.least is not None and self.most is not None and self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Probed(Entry):
    """One operator type that was asked about; `is_taken` is False if no model of it was accepted.

    `ranges` say which models were accepted (`asked_ranges`); without any, every operator within the limits counts as
    taken.
    """

    operator: str
    is_taken: bool
    questions: int
    ranges: tuple[AskedRange, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbedRules(Entry):
    """Everything that a placement needs to know of a converter that is not at hand.

    `name` is the file's or the converter's name in reports. `target` is the target that the converter compiles for,
    as a user writes it, empty if it is no target of npufit. `tool` and `version` are what answered; `identity` tells
    it from others; `questions` is their number in all, `seed` and `made_by` (npufit's version) say how to repeat
    them. Operator types that are not in `operators` were not asked about: they are unknown.
    """

    name: str
    target: str
    tool: str
    version: str
    identity: tuple[str, ...]
    questions: int
    seed: int
    made_by: str
    operators: tuple[Probed, ...]
    limits: tuple[Limit, ...] = ()
    groups: tuple[GroupLimit, ...] = ()
    separators: tuple[Separator, ...] = ()
    crashes: tuple[Crash, ...] = ()

    @property
    def program(self) -> str:
        """The tool in a word: of a command line the program, without its folder and without what runs it."""
        if "{" not in self.tool:
            return self.tool
        words = [PurePath(word).name for word in self.tool.split() if word[0] not in "-{"]
        return next((word for word in words if not _INTERPRETER.match(word)), self.tool)

    @property
    def source(self) -> str:
        """Where its statements come from, in words: `probe of vela 5.2, 1,043 questions`."""
        tool = self.program if "@" in self.program else f"{self.program} {self.version}".strip()
        return f"probe of {tool}, {self.questions:,} question{'' if self.questions == 1 else 's'}"
