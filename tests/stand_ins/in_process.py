"""A stand-in converter without its process, for searches that ask hundreds of questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from npufit.graph import Model
from npufit.probing.asking import Answer, Conversion, End
from npufit.stacks import Unit
from npufit.tflite import serialize_model
from stand_ins.ending import DeathError, EndlessError
from stand_ins.reading import Graph, read_graph


@dataclass(frozen=True, slots=True)
class StandIn:
    """The converter of the module `name` in `stand_ins.converters`; it reads the same bytes as in a process."""

    name: str
    version: str = "1"

    def identify(self) -> tuple[str, ...]:
        """Return its name."""
        return ("stand-in", self.name)

    def convert(self, model: Model) -> Conversion:
        """Return where it puts the operators of `model`."""
        place: Callable[[Graph], Sequence[bool]] = import_module(f"stand_ins.converters.{self.name}").place
        try:
            taken = place(read_graph(bytes(serialize_model(model))))
        except SystemExit as error:
            return Conversion(Answer(End.ERROR, message=str(error)))
        except DeathError as error:
            return Conversion(Answer(End.CRASH, message=str(error)))
        except EndlessError:
            return Conversion(Answer(End.TIMEOUT))
        return Conversion(Answer(End.FINE, tuple(Unit.NPU if npu else Unit.CPU for npu in taken)))
