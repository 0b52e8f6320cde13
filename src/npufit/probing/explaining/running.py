"""Experiments done: the converter is run on their models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npufit.errors import ToolFailureError
from npufit.formatting import shorten
from npufit.probing.explaining.experiment import Experiment, ExperimentKind
from npufit.stacks import PlaceOptions
from npufit.stacks.neutron import convert_for
from npufit.stacks.neutron.hypotheses import SeenConversion, SourceNetwork, seen_in_conversion

_OTHER_SOLVER = ("--optimization-level", "OOpt")
_LONGEST_FAILURE = 1000


@dataclass(frozen=True, slots=True)
class Runner:
    """The converters that may be asked: the one in question, called `release` unless it says otherwise, and others."""

    chip: str
    release: str
    place: PlaceOptions
    command: tuple[str, ...]
    others: tuple[tuple[str, ...], ...]

    def can_do(self, experiment: Experiment) -> bool:
        """Return whether the experiment needs no other release, or there is one."""
        return experiment.kind is not ExperimentKind.OTHER_RELEASE or bool(self.others)

    def run(self, experiment: Experiment) -> tuple[tuple[SeenConversion, ...], str]:
        """Return what was seen, and why the converter gave no answer, empty if it did.

        Raises ToolError if the converter cannot be started.
        """
        seen: list[SeenConversion] = []
        failures: list[str] = []
        for network in experiment.networks:
            for command, release, setting in self._ways(experiment.kind):
                try:
                    seen.append(self._convert(network, command, release, setting))
                except ToolFailureError as error:
                    failures.append(shorten(f"{network.name}: {error}", _LONGEST_FAILURE))
        return tuple(seen), "; ".join(failures)

    def _ways(self, kind: ExperimentKind) -> Sequence[tuple[tuple[str, ...], str, str]]:
        if kind is ExperimentKind.OTHER_RELEASE:
            return [(command, f"converter {number}", "") for number, command in enumerate(self.others, 2)]
        if kind is ExperimentKind.OTHER_SOLVER:
            return [((*self.command, *_OTHER_SOLVER), self.release, " ".join(_OTHER_SOLVER))]
        return [(self.command, self.release, "")]

    def _convert(self, network: SourceNetwork, command: tuple[str, ...], release: str, setting: str) -> SeenConversion:
        conversion = convert_for(network.model, self.chip, replace(self.place, converter=command))
        assert conversion is not None
        return seen_in_conversion(network, conversion, release, setting)
