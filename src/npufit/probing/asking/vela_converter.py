"""Vela as something to ask: any release that can be found, many models a second."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from npufit.child_process import identify_command
from npufit.errors import InputError, NpufitError, ToolFailureError
from npufit.formatting import shorten
from npufit.graph import Model
from npufit.probing.asking.answer import Answer, End
from npufit.probing.asking.converter import Conversion
from npufit.stacks import PlaceOptions, Target

if TYPE_CHECKING:
    from npufit.stacks.vela import Invocation

_LONGEST = 600


@dataclass(frozen=True, slots=True)
class VelaConverter:
    """The Vela that compiles for `target` with `options`; `version` is its own, such as 5.2.0."""

    target: Target
    options: PlaceOptions
    version: str

    @classmethod
    def of(cls, target: Target, options: PlaceOptions) -> VelaConverter:
        """Return the Vela of `target`. Raises ToolError if it is missing, InputError for wrong settings."""
        return cls(target, options, _invocation(target, options).compiler.version)

    @property
    def name(self) -> str:
        """The target, as users write it."""
        return str(self.target)

    def identify(self) -> tuple[str, ...]:
        """Return which Vela it is, with its settings and the time limit."""
        try:
            invocation = _invocation(self.target, self.options)
        except NpufitError as error:
            return ("vela", str(error))
        limit = f"{self.options.time_limit_s:g} s"
        program = identify_command([invocation.compiler.program])
        return ("vela", *invocation.identity, *program, *invocation.settings.arguments(), limit)

    def convert(self, model: Model) -> Conversion:
        """Return where Vela puts the operators of `model`. Raises ToolError if it cannot be started.

        Raises InputError if it refuses its settings.
        """
        from npufit.stacks.vela import RefusedSettingsError, compile_briefly

        try:
            found = compile_briefly(model, _invocation(self.target, self.options), self.options.time_limit_s)
        except RefusedSettingsError:
            raise
        except ToolFailureError as error:
            return Conversion(Answer(End(error.end), message=shorten(str(error), _LONGEST)))
        except InputError as error:
            return Conversion(Answer(End.ERROR, message=shorten(str(error), _LONGEST)))
        return Conversion(Answer(End.FINE, found.units, graphs=found.calls), found.printed, found.compiled)


@lru_cache(maxsize=8)
def _invocation(target: Target, options: PlaceOptions) -> Invocation:
    from npufit.stacks.vela import invocation_of

    return invocation_of(target.chip, target.stack, target.version, options)
