"""NXP's closed converter as something to ask."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.child_process import identify_command
from npufit.errors import ToolFailureError
from npufit.graph import Model
from npufit.probing.asking.answer import Answer, End, last_words
from npufit.probing.asking.converter import Conversion
from npufit.stacks import Target


@dataclass(frozen=True, slots=True)
class NeutronConverter:
    """NXP's converter, run as `command`, for the chip of `target`; `version` is the target's if the user names one."""

    target: Target
    command: tuple[str, ...]
    time_limit_s: float
    version: str = ""

    @property
    def name(self) -> str:
        """The target, as users write it."""
        return str(self.target) if self.version else f"{self.target.chip}/{self.target.stack}"

    def identify(self) -> tuple[str, ...]:
        """Return the command with the digests of its files, the chip and the time limit."""
        return ("neutron", *identify_command(self.command), self.target.chip, f"{self.time_limit_s:g} s")

    def convert(self, model: Model) -> Conversion:
        """Return where the converter puts the operators of `model`. Raises ToolError if it cannot be started."""
        from npufit.stacks.neutron import convert_briefly
        from npufit.tflite import serialize_model

        try:
            made = convert_briefly(model, self.target.chip, self.command, self.time_limit_s)
        except ToolFailureError as error:
            return Conversion(Answer(End(error.end), message=last_words(str(error))))
        return Conversion(Answer(End.FINE, made.units, graphs=made.graphs), made.log, serialize_model(made.converted))
