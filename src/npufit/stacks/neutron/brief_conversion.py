"""Where NXP's converter puts the operators of a model, without the rules: the answer to one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.graph import Model
from npufit.stacks.neutron.converted import neutron_graphs
from npufit.stacks.neutron.converter import convert
from npufit.stacks.neutron.converter_target import converter_target
from npufit.stacks.neutron.trace import trace
from npufit.stacks.placement import Unit


@dataclass(frozen=True, slots=True)
class BriefConversion:
    """The unit of each operator of the main subgraph, UNKNOWN if it cannot be traced; the converter's file and log."""

    units: tuple[Unit, ...]
    graphs: int
    converted: Model
    log: str


def convert_briefly(model: Model, chip: str, command: Sequence[str], time_limit_s: float) -> BriefConversion:
    """Return where the converter `command` puts the operators of `model` for `chip`.

    Raises ToolError if it cannot be started, ToolFailureError if it exceeds `time_limit_s`, fails, or writes no valid
    model.
    """
    conversion = convert(model, tuple(command), converter_target(chip), time_limit_s)
    fate = trace(model, conversion.model)
    units = tuple(
        Unit.CPU if index in fate.cpu else Unit.NPU if index in fate.npu else Unit.UNKNOWN
        for index in range(len(model.main.operators))
    )
    return BriefConversion(units, len(neutron_graphs(conversion.model)), conversion.model, conversion.log)
