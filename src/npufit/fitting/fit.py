"""Fitting a model to its target: search, prove, and search again without passes that failed their proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npufit.checking import CheckOptions, CheckResult, TargetChoice, check, choose_target
from npufit.errors import InputError
from npufit.fitting.options import FitOptions
from npufit.fitting.proof import (
    Proof,
    ProofFailure,
    ProofInput,
    extreme_inputs,
    prove,
    prove_on_library,
    read_samples,
    seeded_inputs,
    simulate,
)
from npufit.fitting.recipe import pass_text
from npufit.fitting.result import FitResult
from npufit.fitting.search import PassOutcome, PassVerdict, SearchOptions, SearchResult, search, survey
from npufit.graph import require_operands, require_scales
from npufit.loading import ModelSource
from npufit.rewrite import Exactness, Pass, load_pass, parse_pass, pass_names
from npufit.running import require_execution
from npufit.stacks import compiling_stack


def fit(model: ModelSource, target: TargetChoice, options: FitOptions | None = None) -> FitResult:
    """Return `model` rewritten so that it fits `target`, with every step proven.

    A pass that fails its proof is left out, and listed in `FitResult.failures`. With `options.place.library` the search
    still goes by rules; then that library answers for the model before and after on a virtual NPU.

    Raises InputError for a wrong target, an approximate pass that is not allowed, pass options that cannot be met, or a
    model that cannot be run for a proof; ToolError if a needed tool fails.

    >>> import npufit
    >>> options = npufit.FitOptions(passes=("fold-pad",), inputs=1)
    >>> fitted = npufit.fit("zoo:mobilenet_v2@32,int8-per-tensor,io=int8,alpha=0.35", "imx93/teflon@25.3", options)
    >>> fitted.original.summary.hazards, fitted.result.summary.hazards, fitted.proof.failure
    (4, 0, None)
    """
    start = _start(model, target, options or FitOptions())
    failed: list[PassVerdict] = []
    while True:
        found = search(start.original, start.passes, start.search_options(failed))
        if not found.steps or not start.options.prove:
            return _on_library(start, start.result(found, None))
        proof = _prove(start, found)
        if proof.failure is None:
            return _on_library(start, start.result(found, proof))
        step = found.steps[proof.failure.step]
        why = f"failed its proof: {proof.failure.why}"
        failed.append(PassVerdict(step.pass_, PassOutcome.FAILED, why, step.sites, step.notes))


def list_passes(model: ModelSource, target: TargetChoice, options: FitOptions | None = None) -> FitResult:
    """Return where each pass alone would apply to `model`, and its gain; nothing is changed."""
    start = _start(model, target, replace(options or FitOptions(), allow_approximate=True))
    found = survey(start.original, start.passes, start.search_options([]))
    return replace(start.result(found, None), is_survey=True)


def searched_passes() -> tuple[Pass, ...]:
    """Return the passes that a search tries, with their default options, in its order."""
    return tuple(pass_ for pass_ in _named(pass_names()) if not pass_.is_only_on_request)


@dataclass(frozen=True, slots=True)
class _Start:
    """The start of a fit: the options, the placed model, the passes to try, and the samples."""

    options: FitOptions
    original: CheckResult
    passes: tuple[Pass, ...]
    samples: tuple[ProofInput, ...]

    def search_options(self, failed: Sequence[PassVerdict]) -> SearchOptions:
        options = self.options
        asked = self.passes if options.passes is not None else ()
        known = {pass_.name: pass_ for pass_ in (*_named(options.skip), *asked)}
        skipped = [
            PassVerdict(known[load_pass(name).name], PassOutcome.SKIPPED, "skipped by --skip") for name in options.skip
        ]
        return SearchOptions(
            asked=options.passes is not None,
            allow_approximate=options.allow_approximate,
            left_out=(*skipped, *failed),
            samples=tuple(sample.values for sample in self.samples),
            place=replace(options.place, library=None, explore=False),
            progress=options.progress,
        )

    def result(self, found: SearchResult, proof: Proof | None) -> FitResult:
        return FitResult(found.original, found.result, found.steps, found.verdicts, proof, bool(self.samples))


def _start(model: ModelSource, target: TargetChoice, options: FitOptions) -> _Start:
    passes = options.passes
    if passes is not None:
        passes = tuple(parse_pass(pass_) if isinstance(pass_, str) else pass_ for pass_ in passes)
    for pass_ in passes or ():
        if pass_.exactness is Exactness.APPROXIMATE and not options.allow_approximate:
            raise InputError(f"{pass_text(pass_)} changes the answer. Add --allow-approximate to allow it.")
    for name in options.skip:
        load_pass(name)
    if options.place.library is not None and not options.prove:
        raise InputError("--library proves the result, so it does not work with --no-prove. Omit one of them.")
    chosen = choose_target(target, options.place.vela, options.place.library)
    options = replace(options, place=chosen.placing(options.place))
    if options.place.library is not None:
        require_execution(chosen.target, options.place.library)
    original = check(model, chosen, CheckOptions(place=replace(options.place, library=None)))
    require_operands(original.model)
    require_scales(original.model)
    samples = options.samples
    if isinstance(samples, Path):
        samples = read_samples(original.model, samples, options.inputs)
    return _Start(options, original, searched_passes() if passes is None else passes, samples)


def _named(names: Sequence[str]) -> tuple[Pass, ...]:
    return tuple(load_pass(name)() for name in names)


def _on_library(start: _Start, fitted: FitResult) -> FitResult:
    """Return `fitted` with what the real library answers, if one was given."""
    options, original = start.options, fitted.original
    if options.place.library is None:
        return fitted
    answered = prove_on_library(
        original.model, original.target, fitted.steps, _usual_inputs(start), options.place, options.progress
    )
    return replace(fitted, library=answered)


def _usual_inputs(start: _Start) -> tuple[ProofInput, ...]:
    return start.samples or seeded_inputs(start.original.model, start.options.inputs, start.options.seed)


def _prove(start: _Start, found: SearchResult) -> Proof:
    """Return the proof of all steps in the reference kernels and, if possible, on the simulator."""
    model, options = found.original.model, start.options
    inputs = (*_usual_inputs(start), *extreme_inputs(model))
    proof = prove(found.steps, inputs, options.progress, options.place.time_limit_s)
    is_executed = compiling_stack(found.original.target) is not None and found.result.placement.partitions
    if proof.failure is not None or not is_executed:
        return proof
    failure: ProofFailure | None
    simulation, failure = simulate(found.steps, inputs[0], options.place, options.progress)
    return replace(proof, simulation=simulation, failure=failure)
