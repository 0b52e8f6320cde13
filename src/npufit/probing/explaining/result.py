"""What is known about why a converter leaves operators on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InternalError
from npufit.graph import Model
from npufit.loading import save
from npufit.probing.explaining.experiment import Experiment, Planned
from npufit.stacks import Target
from npufit.stacks.neutron.hypotheses import Judgement, SeenConversion


@dataclass(frozen=True, slots=True)
class Done:
    """An experiment that was done: what was seen, or why the converter gave no answer, and what that ruled out."""

    experiment: Experiment
    seen: tuple[SeenConversion, ...]
    failure: str
    ruled_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Predicted:
    """What an open hypothesis predicts for the model: the fewest and the most operators converted.

    `lost` are the operators that stay on the CPU whatever the values of its parameters are.
    """

    hypothesis: str
    fewest: int
    most: int
    lost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """What the observations say about the hypotheses, and what to do next.

    `seen` are the observations that count, `uncounted` the others with the reason. `operators` is how many operators of
    the model the NPU takes as such; `is_complete` if a conversion of the model left none of them. `plan`
    has the experiments that are left, in the order in which to do them.
    `remedies` are the open hypotheses with what would help if they were true, in words and as a command. `converter` is
    the command that was asked, empty without one.
    """

    model: Model
    name: str
    target: Target
    seen: tuple[SeenConversion, ...]
    uncounted: tuple[tuple[str, str, str], ...]
    judgements: tuple[Judgement, ...]
    predicted: tuple[Predicted, ...]
    operators: int
    is_complete: bool
    done: tuple[Done, ...]
    plan: tuple[Planned, ...]
    remedies: tuple[tuple[str, str, str], ...]
    converter: str = ""

    @property
    def open_hypotheses(self) -> tuple[Judgement, ...]:
        """The hypotheses that nothing rules out."""
        return tuple(judgement for judgement in self.judgements if judgement.is_open)

    @property
    def ruled_out(self) -> tuple[Judgement, ...]:
        """The hypotheses that contradict what was seen."""
        return tuple(judgement for judgement in self.judgements if not judgement.is_open)

    def judgement(self, name: str) -> Judgement:
        """Return the judgement of the hypothesis called `name`."""
        for judgement in self.judgements:
            if judgement.hypothesis.name == name:
                return judgement
        raise InternalError(f"There is no hypothesis {name}.")

    def save_models(self, folder: str | Path, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Write the models of the planned experiments to a folder and return their paths. Raises InputError."""
        written: dict[Path, None] = {}
        for planned in self.plan:
            if planned.experiment.kind.changes_the_file:
                for network in planned.experiment.networks:
                    path = Path(folder) / f"{network.file_name}.tflite"
                    save(network.model, path, overwrite=overwrite)
                    written[path] = None
        return tuple(written)
