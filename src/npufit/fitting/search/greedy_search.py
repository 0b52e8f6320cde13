"""The search: which passes make a model fit its target better, tried one at a time and placed again each time.

Greedy and deterministic: passes are tried in the order of the registry, a pass is kept if the model fits better with
it, and rounds continue until none helps. A pass that gains something but adds hazards is tried together with the passes
that remove them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from npufit.checking import CheckOptions, CheckResult, ChosenTarget, check
from npufit.errors import InputError, InternalError, NpufitError
from npufit.execution import Values
from npufit.fitting.progress import FitProgress, FitStage, ignore_progress
from npufit.fitting.search.score import change_words, fits, score
from npufit.fitting.step import FitStep
from npufit.formatting import shorten
from npufit.graph import Model, validate
from npufit.rewrite import Context, Exactness, Pass, Rewritten, Site
from npufit.stacks import PlaceOptions

MOST_ROUNDS = 6
MOST_PLACEMENTS = 80
"""Most placements of candidates; each runs the compiler if the stack has one."""

_LONGEST_REASON = 300


class PassOutcome(StrEnum):
    """The outcome of a pass."""

    TAKEN = "taken"
    LEFT = "left"
    SKIPPED = "skipped"
    FAILED = "failed"
    OFFERED = "applies"
    """It was only tried to see where it would apply."""


@dataclass(frozen=True, slots=True)
class PassVerdict:
    """The outcome of one pass, and the reason in one line."""

    pass_: Pass
    outcome: PassOutcome
    why: str
    sites: tuple[Site, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Options of the search.

    `asked` passes are applied wherever they can be, once each and in order, whether they help or not. `left_out` has
    passes that must not be tried, with the verdict to report. `samples` are inputs of the original model.
    """

    asked: bool = False
    allow_approximate: bool = False
    left_out: tuple[PassVerdict, ...] = ()
    samples: tuple[Values, ...] = ()
    place: PlaceOptions = field(default_factory=PlaceOptions)
    progress: FitProgress = ignore_progress


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The passes that were taken, in order, and a verdict on each pass."""

    original: CheckResult
    steps: tuple[FitStep, ...]
    verdicts: tuple[PassVerdict, ...]

    @property
    def result(self) -> CheckResult:
        """The placement of the model after the last pass."""
        return self.steps[-1].after if self.steps else self.original


def search(original: CheckResult, passes: Sequence[Pass], options: SearchOptions | None = None) -> SearchResult:
    """Return which of `passes` to take so that the model of `original` fits its target.

    Raises InputError if `asked` passes cannot meet their options.
    """
    searcher = _Searcher(original, passes, options or SearchOptions())
    return searcher.apply_all() if searcher.options.asked else searcher.search()


def survey(original: CheckResult, passes: Sequence[Pass], options: SearchOptions | None = None) -> SearchResult:
    """Return where each of `passes` alone would apply to the model of `original`, and its gain."""
    return _Searcher(original, passes, options or SearchOptions()).survey()


@dataclass(frozen=True, slots=True)
class _State:
    """The state of the search: the placed model, and the user's samples in the form of its inputs."""

    placed: CheckResult
    samples: tuple[Values, ...]


class _Searcher:
    def __init__(self, original: CheckResult, passes: Sequence[Pass], options: SearchOptions) -> None:
        self.options = options
        self._original = original
        self._excluded = {verdict.pass_: verdict for verdict in options.left_out}
        self._passes = tuple(passes)
        self._taken: list[tuple[FitStep, PassVerdict]] = []
        self._left: dict[Pass, tuple[CheckResult, PassVerdict]] = {}
        self._placements = 0
        self._tried = 0

    def search(self) -> SearchResult:
        state = _State(self._original, self.options.samples)
        for _ in range(MOST_ROUNDS):
            count = len(self._taken)
            for pass_ in self._passes:
                state = self._consider(pass_, state)
            if len(self._taken) == count:
                break
        if fits(self._original) and not score(state.placed).time_change(score(self._original)):
            self._give_back()
        return self._finish()

    def _give_back(self) -> None:
        """Drop passes that only tidy up a model that already fits, so that nobody has to deploy a new file for them."""
        for step, verdict in self._taken:
            why = f"not needed: it already fits; {verdict.why}"
            self._left[step.pass_] = self._original, replace(verdict, outcome=PassOutcome.LEFT, why=why)
        self._taken.clear()

    def apply_all(self) -> SearchResult:
        state = _State(self._original, self.options.samples)
        for pass_ in self._passes:
            found = self._excluded.get(pass_) or self._attempt(pass_, state, must=True)
            if isinstance(found, FitStep):
                self._take(found, f"requested; {change_words(state.placed, found.after)}")
                state = _behind(found, state)
            else:
                self._left[pass_] = state.placed, found
        return self._finish()

    def survey(self) -> SearchResult:
        state = _State(self._original, self.options.samples)
        for pass_ in self._passes:
            found = self._attempt(pass_, state, skip_approximate=False)
            if isinstance(found, FitStep):
                gain = change_words(state.placed, found.after)
                found = PassVerdict(pass_, PassOutcome.OFFERED, gain, found.sites, found.notes)
            self._left[pass_] = state.placed, self._excluded.get(pass_, found)
        return self._finish()

    def _finish(self) -> SearchResult:
        verdicts: list[PassVerdict] = []
        for pass_ in dict.fromkeys((*self._passes, *self._excluded)):
            taken = [verdict for step, verdict in self._taken if step.pass_ == pass_]
            verdicts += taken or [self._excluded.get(pass_) or self._left[pass_][1]]
        return SearchResult(self._original, tuple(step for step, _ in self._taken), tuple(verdicts))

    def _consider(self, pass_: Pass, state: _State) -> _State:
        """Take `pass_` if the model fits better with it; return the new state."""
        known = self._left.get(pass_)
        if pass_ in self._excluded or (known is not None and known[0] is state.placed):
            return state
        found = self._attempt(pass_, state)
        if isinstance(found, PassVerdict):
            self._left[pass_] = state.placed, found
            return state
        change = change_words(state.placed, found.after)
        old, new = score(state.placed), score(found.after)
        if new.is_better_than(old):
            self._take(found, change)
            return _behind(found, state)
        if new.is_better_but_for_hazards(old):
            mending = self._mend(found, state)
            if mending and score(mending[-1].after).is_better_than(old):
                self._take(found, f"{change}; the next ones fix that")
                state = _behind(found, state)
                for step in mending:
                    self._take(step, change_words(state.placed, step.after))
                    state = _behind(step, state)
                return state
        self._left[pass_] = state.placed, PassVerdict(pass_, PassOutcome.LEFT, change, found.sites, found.notes)
        return state

    def _mend(self, first: FitStep, state: _State) -> list[FitStep]:
        """Return the exact passes that improve the model after `first`, in one round."""
        steps: list[FitStep] = []
        state = _behind(first, state)
        for pass_ in self._passes:
            if pass_ is first.pass_ or pass_ in self._excluded or pass_.exactness is not Exactness.EXACT:
                continue
            found = self._attempt(pass_, state)
            if isinstance(found, FitStep) and score(found.after).is_better_than(score(state.placed)):
                steps.append(found)
                state = _behind(found, state)
        return steps

    def _attempt(
        self, pass_: Pass, state: _State, *, must: bool = False, skip_approximate: bool = True
    ) -> FitStep | PassVerdict:
        """Return `pass_` applied and placed, or why not. With `must`, an option that cannot be met is an error."""
        self._tried += 1
        self.options.progress(FitStage.SEARCH, self._tried)
        approximate = pass_.exactness is Exactness.APPROXIMATE
        if approximate and skip_approximate and not self.options.allow_approximate:
            return PassVerdict(pass_, PassOutcome.SKIPPED, "it changes the answer (--allow-approximate)")
        if self._placements >= MOST_PLACEMENTS:
            return PassVerdict(pass_, PassOutcome.LEFT, f"not tried: {MOST_PLACEMENTS} candidates were already placed")
        before = state.placed
        try:
            context = Context(
                before.target, before.placement, state.samples, self.options.place, before.estimate_options
            )
            rewritten = _rewrite(pass_, before.model, context)
            if rewritten is None:
                return PassVerdict(pass_, PassOutcome.LEFT, "nothing to do")
            if not rewritten.model.main.operators:
                return PassVerdict(
                    pass_, PassOutcome.LEFT, "nothing would remain: no operator computes an output of the model"
                )
            _check_form(rewritten.model)
            self._placements += 1
            after = _place_again(before, rewritten.model, self.options.place)
        except InternalError as error:
            return PassVerdict(pass_, PassOutcome.FAILED, f"a bug in npufit, please report it: {_said(error)}")
        except NpufitError as error:
            if must and isinstance(error, InputError):
                raise
            return PassVerdict(pass_, PassOutcome.LEFT, _said(error))
        return FitStep(pass_, before.model, after, rewritten.sites, rewritten.notes)

    def _take(self, step: FitStep, why: str) -> None:
        verdict = PassVerdict(step.pass_, PassOutcome.TAKEN, why, step.sites, step.notes)
        self._taken.append((step, verdict))


def _place_again(before: CheckResult, model: Model, options: PlaceOptions) -> CheckResult:
    """Return `model` placed and predicted as `before` was."""
    chosen = ChosenTarget(before.target, before.estimate_options, before.profile, file=before.file)
    return check(model, chosen, CheckOptions(place=options))


def _as_written(model: Model) -> Model:
    """Return `model` in the form in which its file will be read: the writer stores every shape, inferred or not."""
    if not any(tensor.shape_is_inferred for graph in model.subgraphs for tensor in graph.tensors):
        return model
    return replace(
        model,
        subgraphs=tuple(
            replace(graph, tensors=tuple(replace(tensor, shape_is_inferred=False) for tensor in graph.tensors))
            for graph in model.subgraphs
        ),
    )


def _rewrite(pass_: Pass, model: Model, context: Context) -> Rewritten | None:
    """Return the result of `pass_` on `model`. Raises InternalError if it cannot handle an operator's form."""
    try:
        rewritten = pass_.rewrite(model, context)
        return None if rewritten is None else replace(rewritten, model=_as_written(rewritten.model))
    except (LookupError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
        raise InternalError(f"{pass_.name} met operators that it did not expect: {error!r}.") from error


def _check_form(model: Model) -> None:
    """Raise InternalError if a pass produced an invalid model."""
    try:
        validate(model)
    except InputError as error:
        raise InternalError(str(error)) from None


def _behind(step: FitStep, state: _State) -> _State:
    adapt = step.pass_.adapt_inputs
    return _State(step.after, tuple(adapt(step.before, step.after.model, sample) for sample in state.samples))


def _said(error: NpufitError) -> str:
    return shorten(" ".join(str(error).split()), _LONGEST_REASON)
