"""The verb `explain`: which hypotheses agree with what was seen of a closed converter, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from npufit.checking import choose_target
from npufit.errors import InputError
from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.probing.explaining.experiment import Experiment, ExperimentKind, Planned
from npufit.probing.explaining.observing import name_of, observe
from npufit.probing.explaining.options import ExplainOptions
from npufit.probing.explaining.planning import plan, thinned
from npufit.probing.explaining.proposing import Subject, propose
from npufit.probing.explaining.remedies import remedies
from npufit.probing.explaining.result import Done, ExplainResult, Predicted
from npufit.probing.explaining.running import Runner
from npufit.stacks import Target
from npufit.stacks.neutron import find_converter
from npufit.stacks.neutron.hypotheses import (
    Judgement,
    SeenConversion,
    SourceNetwork,
    judge,
    public_conversions,
    release_named,
    release_of_public_conversions,
    silent_observations,
    without_refused,
)


def explain(
    model: ModelSource, target: str | Target = "imx95/neutron", options: ExplainOptions | None = None
) -> ExplainResult:
    """Return why the converter of `target` may leave operators of `model` on the CPU, and what would tell.

    Counts the public conversions of the release in question and the user's own; without a version in `target` that is
    the release of the public ones. With a converter, the experiments are done, the most telling first, until none of
    those that are left tells hypotheses apart. Raises InputError for a target that is not NXP's Neutron, a wrong model
    or log, and ToolError if the converter cannot be started.

    >>> import npufit
    >>> result = npufit.explain("zoo:mobilenet_v2@320,int8", "imx95/neutron")
    >>> [judgement.hypothesis.name for judgement in result.open_hypotheses]
    ['N1', 'N2', 'N3', 'N4', 'N5', 'N6', 'N7', 'N8']
    """
    wanted = options or ExplainOptions()
    place = choose_target(target).target if isinstance(target, str) else target
    if place.stack != "neutron":
        raise InputError(
            f"{place}: the hypotheses are about NXP's Neutron converter. Use imx95/neutron; other converters can be "
            "probed without --explain."
        )
    if isinstance(target, str) and "@" not in target:
        place = replace(place, version=release_of_public_conversions().version)
    return _Explanation(load(model), model, place, wanted).result()


class _Explanation:
    """One explanation while it is made: what was seen so far, and which experiments were done."""

    def __init__(self, model: Model, source: ModelSource, target: Target, options: ExplainOptions) -> None:
        self._source = str(source) if isinstance(source, str) else name_of(source, model)
        self._target = target
        self._options = options
        self._network = SourceNetwork(model, name_of(source, model), release_named(target.version))
        self._seen = [*public_conversions(), *self._observed()]
        self._made: dict[str, SourceNetwork | None] = {}
        self._done: list[Done] = []

    def _observed(self) -> list[SeenConversion]:
        options, release = self._options, self._target.version
        seen = [] if options.log is None else [observe(self._network, options.log, release)]
        for source, evidence in options.observed:
            other = load(source)
            network = SourceNetwork(other, name_of(source, other), release_named(release))
            seen.append(observe(network, evidence, release))
        return seen

    def result(self) -> ExplainResult:
        command = find_converter(self._options.place)
        if command is not None:
            self._run_all(command)
        judgements, planned = self._judge()
        own = self._own()
        return ExplainResult(
            model=self._network.model,
            name=self._network.name,
            target=self._target,
            seen=tuple(own),
            uncounted=self._uncounted(),
            judgements=judgements,
            predicted=tuple(_predict(self._subject().network, judgements)),
            operators=len(self._subject().network.expected),
            is_complete=self._is_complete(),
            done=tuple(self._done),
            plan=() if self._is_complete() else planned,
            remedies=remedies(self._network, self._source, self._target, judgements, own),
            converter="" if command is None else " ".join(command),
        )

    def _run_all(self, command: tuple[str, ...]) -> None:
        """Do the experiments that the converter can do, the most telling first, until none tells anything."""
        runner = Runner(
            self._target.chip,
            self._target.version,
            self._options.place,
            command,
            self._options.other_converters,
        )
        experiment: Experiment | None = Experiment(ExperimentKind.AS_IT_IS, "convert the file", (self._network,))
        before: Sequence[Judgement] = ()
        while experiment is not None and len(self._done) < self._options.experiments:
            self._options.note(experiment.action)
            seen, failure = runner.run(experiment)
            if experiment.kind is ExperimentKind.AS_IT_IS and seen:
                # The converter says which release it is; what was seen of others is no observation of it.
                self._target = replace(self._target, version=seen[0].release)
            self._seen += seen
            done = Done(experiment, seen, failure, ())
            self._done.append(done)
            judgements, planned = self._judge()
            self._done[-1] = replace(done, ruled_out=_closed(before, judgements))
            before = judgements
            possible = (entry.experiment for entry in planned if runner.can_do(entry.experiment))
            has_ended = self._is_complete() or (failure and experiment.kind is ExperimentKind.AS_IT_IS)
            experiment = None if has_ended else next(possible, None)

    def _is_complete(self) -> bool:
        """Return whether the network itself was converted as a whole."""
        own = self._subject()
        return any(entry.is_complete for entry in own.seen if entry.network.is_same(self._network))

    def _judge(self) -> tuple[tuple[Judgement, ...], tuple[Planned, ...]]:
        judgements = judge(without_refused(self._seen), self._target.version)
        known = {done.experiment.key for done in self._done}
        possible = [entry for entry in propose(self._subject()) if entry.key not in known]
        return judgements, plan(possible, judgements)

    def _own(self) -> list[SeenConversion]:
        seen = without_refused(self._seen)
        return [entry for entry in seen if entry.release == self._target.version or entry.evidence == "executed"]

    def _subject(self) -> Subject:
        """Return the network, without the operators that even its best conversion lost."""
        own = tuple(entry for entry in self._own() if entry.release == self._target.version and not entry.setting)
        same = next((entry.network for entry in own if entry.network.types == self._network.types), None)
        network = self._network if same is None else self._network.refusing_like(same)
        return Subject(network, own, self._made)

    def _uncounted(self) -> tuple[tuple[str, str, str], ...]:
        others = [
            (entry.name, entry.what, f"of release {entry.release}")
            for entry in public_conversions()
            if entry.release != self._target.version
        ]
        silent = [(" and ".join(entry.networks), entry.text, "no operators counted") for entry in silent_observations()]
        return (*others, *silent)


def _closed(before: Sequence[Judgement], after: Sequence[Judgement]) -> tuple[str, ...]:
    """Return the hypotheses that were open and no longer are."""
    still_open = {judgement.hypothesis.name for judgement in after if judgement.is_open}
    names = (judgement.hypothesis.name for judgement in before if judgement.is_open)
    return tuple(name for name in names if name not in still_open)


def _predict(network: SourceNetwork, judgements: Sequence[Judgement]) -> list[Predicted]:
    found: list[Predicted] = []
    for judgement in judgements:
        if judgement.explanations:
            kept = [explanation.least(network) for explanation in thinned(judgement.explanations)]
            always = network.expected.difference(*kept)
            counts = [len(operators) for operators in kept]
            found.append(Predicted(judgement.hypothesis.name, min(counts), max(counts), tuple(sorted(always))))
    return found
