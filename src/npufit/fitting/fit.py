"""Fitting a model to its target: search, prove, and search again without what failed its proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from npufit.checking import CheckOptions, CheckResult, ChosenTarget, check, choose_target
from npufit.errors import InputError
from npufit.fitting.progress import FitProgress, ignore_progress
from npufit.fitting.proof import Proof, ProofFailure, ProofInput, extreme_inputs, prove, seeded_inputs, simulate
from npufit.fitting.recipe import pass_text
from npufit.fitting.search import PassOutcome, PassVerdict, SearchOptions, SearchResult, fits, search, survey
from npufit.fitting.step import FitStep
from npufit.graph import Model, require_operands, require_scales
from npufit.rewrite.registry import load_pass, pass_names
from npufit.rewrite.rewrite_pass import Exactness, Pass
from npufit.stacks import PlaceOptions, Target

_SIMULATED = "vela"
"""The stack whose programs can be executed here."""


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What a user may set for a fit.

    `passes` are applied wherever they can be, in their order, better or not; where None, a search chooses among all.
    `skip` has names of passes. `samples` take the place of the random inputs, `inputs` is how many of these there are.
    """

    passes: tuple[Pass, ...] | None = None
    skip: tuple[str, ...] = ()
    allow_approximate: bool = False
    prove: bool = True
    inputs: int = 8
    seed: int = 0
    samples: tuple[ProofInput, ...] = ()
    place: PlaceOptions = field(default_factory=PlaceOptions)
    progress: FitProgress = ignore_progress


@dataclass(frozen=True, slots=True)
class Fit:
    """A model fitted to a target: placed before and after, the steps between, a verdict on every pass, the proof.

    `proof` is None where nothing was changed, or no proof was wanted. `is_survey` says that passes were only asked
    where they would apply.
    """

    original: CheckResult
    result: CheckResult
    steps: tuple[FitStep, ...]
    verdicts: tuple[PassVerdict, ...]
    proof: Proof | None
    from_samples: bool = False
    is_survey: bool = False

    @property
    def failures(self) -> tuple[PassVerdict, ...]:
        """The passes that failed; none of them is in the result."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is PassOutcome.FAILED)

    @property
    def is_complete(self) -> bool:
        """True where every operator of the result runs on the NPU without a hazard."""
        return fits(self.result)


def fit(model: Model, target: str | Target | ChosenTarget, options: FitOptions | None = None) -> Fit:
    """Return `model` rewritten so that it fits `target`, with every step proven.

    Raises InputError for a wrong target, an approximate pass that is not allowed, options of a pass that cannot be met,
    or a model that cannot be run for a proof; ToolError where a needed tool fails.

    >>> import npufit
    >>> from npufit.rewrite import FitOptions, fit, parse_pass
    >>> model = npufit.load("zoo:mobilenet_v2@32,int8-per-tensor,io=int8,alpha=0.35")
    >>> fitted = fit(model, "imx93/teflon@25.3", FitOptions(passes=(parse_pass("fold-pad"),), inputs=1))
    >>> fitted.original.summary.hazards, fitted.result.summary.hazards, fitted.proof.failure
    (4, 0, None)
    """
    options = options or FitOptions()
    original, passes = _start(model, target, options)
    failed: list[PassVerdict] = []
    while True:
        found = search(original, passes, _search_options(options, failed))
        if not found.steps or not options.prove:
            return _fit(found, None, options)
        proof = _prove(found, options)
        if proof.failure is None:
            return _fit(found, proof, options)
        step = found.steps[proof.failure.step]
        why = f"failed its proof: {proof.failure.why}"
        failed.append(PassVerdict(step.pass_, PassOutcome.FAILED, why, step.sites, step.notes))


def list_passes(model: Model, target: str | Target | ChosenTarget, options: FitOptions | None = None) -> Fit:
    """Return where each pass alone would apply to `model`, and what that would gain; nothing is changed."""
    options = options or FitOptions()
    original, passes = _start(model, target, replace(options, allow_approximate=True))
    found = survey(original, passes, _search_options(options, []))
    return replace(_fit(found, None, options), is_survey=True)


def all_passes() -> tuple[Pass, ...]:
    """Return every pass with its options at their defaults, in the order in which a search tries them."""
    return tuple(load_pass(name)() for name in pass_names())


def _start(
    model: Model, target: str | Target | ChosenTarget, options: FitOptions
) -> tuple[CheckResult, tuple[Pass, ...]]:
    for pass_ in options.passes or ():
        if pass_.exactness is Exactness.APPROXIMATE and not options.allow_approximate:
            raise InputError(f"{pass_text(pass_)} changes the answer. Add --allow-approximate to have it all the same.")
    for name in options.skip:
        load_pass(name)
    chosen = choose_target(target) if isinstance(target, str) else target
    require_operands(model)
    require_scales(model)
    return check(model, chosen, CheckOptions(place=options.place)), (
        all_passes() if options.passes is None else options.passes
    )


def _search_options(options: FitOptions, failed: Sequence[PassVerdict]) -> SearchOptions:
    known = {pass_.name: pass_ for pass_ in (*all_named(options.skip), *(options.passes or ()))}
    skipped = [PassVerdict(known[name], PassOutcome.SKIPPED, "skipped by --skip") for name in options.skip]
    return SearchOptions(
        asked=options.passes is not None,
        allow_approximate=options.allow_approximate,
        left_out=(*skipped, *failed),
        samples=tuple(sample.values for sample in options.samples),
        place=options.place,
        progress=options.progress,
    )


def all_named(names: Sequence[str]) -> tuple[Pass, ...]:
    """Return the passes called `names`, with their options at their defaults."""
    return tuple(load_pass(name)() for name in names)


def _fit(found: SearchResult, proof: Proof | None, options: FitOptions) -> Fit:
    return Fit(found.original, found.result, found.steps, found.verdicts, proof, bool(options.samples))


def _prove(found: SearchResult, options: FitOptions) -> Proof:
    """Return the proof of all steps in the reference kernels and, where that can be, on the simulator."""
    model = found.original.model
    usual = options.samples or seeded_inputs(model, options.inputs, options.seed)
    inputs = (*usual, *extreme_inputs(model))
    proof = prove(found.steps, inputs, options.progress, options.place.time_limit_s)
    if proof.failure is not None or found.original.target.stack != _SIMULATED or not found.result.placement.partitions:
        return proof
    failure: ProofFailure | None
    simulation, failure = simulate(found.steps, inputs[0], options.place, options.progress)
    return replace(proof, simulation=simulation, failure=failure)
