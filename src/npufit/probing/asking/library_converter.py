"""A real Teflon library as something to ask: it decides on a virtual NPU, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.errors import InputError
from npufit.graph import Model
from npufit.probing.asking.answer import Answer, End, last_words
from npufit.probing.asking.converter import Conversion
from npufit.stacks import Target
from npufit.vdevice import Library, inspect_library


@dataclass(frozen=True, slots=True)
class LibraryConverter:
    """A libteflon that decides for the chip of `target`; `version` is the one that its file states."""

    target: Target
    library: Library
    time_limit_s: float
    version: str

    @classmethod
    def of(cls, target: Target, library: Library, time_limit_s: float) -> LibraryConverter:
        """Return `library` for `target`. Raises InputError if it is no libteflon for this Python."""
        return cls(target, library, time_limit_s, inspect_library(library).version)

    @property
    def name(self) -> str:
        """The target and the library's file."""
        return f"{self.target.chip}/{self.target.stack} with {self.library.name}"

    def identify(self) -> tuple[str, ...]:
        """Return the digest of the library, the chip and the time limit."""
        try:
            digest = inspect_library(self.library).sha256
        except InputError as error:
            digest = str(error)
        return ("library", digest, self.target.chip, f"{self.time_limit_s:g} s")

    def convert(self, model: Model) -> Conversion:
        """Return what the library takes of `model`. Raises ToolError if it cannot be loaded or lacks the driver."""
        from npufit.stacks.teflon import decide_by_library

        decision = decide_by_library(model, self.target.chip, self.library, self.time_limit_s)
        if decision.end is not None:
            return Conversion(Answer(End(decision.end), message=last_words(decision.how)), decision.log)
        return Conversion(Answer(End.FINE, decision.units, graphs=decision.partitions), decision.log)
