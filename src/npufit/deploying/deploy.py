"""deploy: a bundle that runs on a board with mainline Linux, without npufit, Mesa or firmware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from npufit.checking import TargetChoice, choose_target
from npufit.deploying.assembling import Source, assemble
from npufit.deploying.board_files import board_files
from npufit.deploying.bundle import Bundle
from npufit.deploying.compiling import compile_for
from npufit.deploying.describing import describe, proven_status
from npufit.deploying.golden import Golden, golden_runs, unknown_runs
from npufit.deploying.kernels import kernel_ranges, require_accepted
from npufit.deploying.options import DeployOptions
from npufit.deploying.planning import Plan, plan_steps
from npufit.deploying.proving import Answers, BundleProof, is_of_vela, prove
from npufit.deploying.result import DeployResult
from npufit.deploying.segments import renamed
from npufit.deploying.sources import tie, untied
from npufit.deploying.verification import right_answers, verification
from npufit.errors import InputError, InternalError, ToolError
from npufit.execution import Stage, read_inputs
from npufit.execution import describe as describe_left_out
from npufit.fitting.proof import ProofInput, seeded_inputs
from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.stacks import Target
from npufit.stacks.direct import sram_of
from npufit.stacks.vela import is_precompiled, restore_names
from npufit.tflite import serialize_model

STACK = "direct"
_DELEGATE_MODEL = "model_vela.tflite"
_UNPROVEN = "--no-prove writes the bundle without a proof."


def deploy(model: ModelSource, target: TargetChoice, options: DeployOptions | None = None) -> DeployResult:
    """Return `model` as a bundle for `target`: command streams, constants, parts for the CPU, runners, right answers.

    The bundle is proven here before it is returned: its steps are executed on the simulator and compared with LiteRT's
    reference kernels; `DeployResult.has_failed` says whether they differ. Raises InputError if the model cannot run
    outside of one interpreter, or if the target's release of Linux refuses a stream; ToolError if a needed tool fails.

    >>> import npufit
    >>> found = npufit.deploy("zoo:mobilenet_v1@96,uint8", "imx93/direct@7.3", npufit.DeployOptions(inputs=1))
    >>> found.has_failed, [step.kind for step in found.manifest.steps]
    (False, ['npu'])
    """
    options = options or DeployOptions()
    network, chosen = load(model), choose_target(target, options.place.vela).target
    _require(network, chosen)
    options.progress(Stage.COMPILE)
    compiled = compile_for(network, chosen, options.place)
    plan = plan_steps(compiled.model, network)
    kernels = kernel_ranges(plan.calls, chosen.chip)
    warnings = require_accepted(plan.calls, chosen, kernels, network)
    source = untied(network) if is_precompiled(network) else tie(compiled.model, network)
    golden = _golden(source, plan, options)
    content = assemble(compiled.model, source, plan, sram_of(chosen.chip), golden)
    bundle = Bundle(describe(model, network, chosen, compiled, content, kernels), content.files, compiled.accelerator)
    bundle = bundle.with_files(_extras(compiled.model, network, options))
    proof, answers = _prove(bundle, compiled.model, source, golden, content.sources, options)
    bundle = _with_answers(bundle, golden, content.sources, answers, proof)
    if proof is not None:
        warnings += (*(f"State: {entry.describe(bundle)}." for entry in proof.variables), *proof.findings)
    if not golden.is_of_source:
        warnings += (
            "The file is already compiled, so nothing proves its answers: the right ones are the simulator's.",
        )
    if golden.left_out:
        warnings += (f"Not compared, because LiteRT's reference kernels fail: {describe_left_out(golden.left_out)}.",)
    return DeployResult(compiled.placed, bundle, proof, warnings, options.allow_differences)


def _require(model: Model, target: Target) -> None:
    if target.stack != STACK:
        raise InputError(f"{target}: npufit deploys for Linux's own driver. Use -t imx93/{STACK}.")


def _golden(source: Source, plan: Plan, options: DeployOptions) -> Golden:
    """Return the right answers; none if the reference kernels cannot compute them and no proof is wanted."""
    options.progress(Stage.REFERENCE)
    model = source.model
    if is_precompiled(model):
        return unknown_runs(_inputs(model, options))
    crossing = (source.ties[index] for index in plan.results if index in source.ties)
    wanted = tuple(dict.fromkeys((*model.main.outputs, *crossing)))
    try:
        return golden_runs(model, wanted, _inputs(model, options), options.place.time_limit_s)
    except InputError as error:
        if options.prove:
            raise InputError(f"{error} {_UNPROVEN}") from None
    except ToolError as error:
        if options.prove:
            raise ToolError(f"{error} {_UNPROVEN}") from None
    return Golden()


def _inputs(model: Model, options: DeployOptions) -> tuple[ProofInput, ...]:
    given: tuple[ProofInput, ...] = ()
    if isinstance(options.sources, Mapping):
        given = (ProofInput("the given values", options.sources),)
    elif options.sources:
        values = read_inputs(model, options.sources, options.seed, options.normalize)
        given = (ProofInput(", ".join(options.sources), values),)
    return (*given, *seeded_inputs(model, max(options.inputs, 1) - len(given), options.seed))


def _extras(compiled: Model, source: Model, options: DeployOptions) -> dict[str, bytes]:
    """Return what a bundle has besides the model: the runners, and the delegate with its file if requested."""
    found = dict(board_files(delegate=options.delegate))
    if options.delegate:
        named = renamed(compiled, lambda name: restore_names(name, source))
        found[_DELEGATE_MODEL] = serialize_model(named)
    return found


def _prove(
    bundle: Bundle,
    compiled: Model,
    source: Source,
    golden: Golden,
    sources: Sequence[int | None],
    options: DeployOptions,
) -> tuple[BundleProof | None, tuple[Answers, ...]]:
    """Return the proof and what the bundle computes in it; of a difference it is found out whose it is."""
    if not options.prove:
        return None, ()
    options.progress(Stage.LOAD)
    try:
        proof, answers = prove(
            bundle,
            source.model,
            golden,
            sources,
            options.progress,
            to_the_end=options.allow_differences,
            time_limit_s=options.place.time_limit_s,
        )
    except InputError as error:
        raise InputError(f"{source.model.name}: the bundle cannot be executed here: {error} {_UNPROVEN}") from None
    outputs = source.model.main.outputs
    if proof.difference is None and all(index in golden.runs[0].values for index in outputs):
        return proof, answers
    starts = [run for run in golden.runs if not run.continues]
    known = is_of_vela(compiled, source, starts[len(answers) - 1], answers[-1], bundle)
    if proof.difference is None and not known:
        raise InternalError(f"{source.model.name}: the bundle does not compute what Vela's file does.")
    if proof.difference is None:
        return replace(proof, is_as_compiled=True), answers
    return replace(proof, difference=replace(proof.difference, is_of_vela=known)), answers


def _with_answers(
    bundle: Bundle,
    golden: Golden,
    sources: Sequence[int | None],
    computed: Sequence[Answers],
    proof: BundleProof | None,
) -> Bundle:
    """Return the bundle with what a board must compute, and with the outcome of the proof."""
    manifest = replace(bundle.manifest, status=proven_status(bundle, proof))
    answers, files = verification(manifest, *right_answers(golden, sources, computed, proof))
    return replace(bundle, manifest=replace(manifest, verification=answers)).with_files(files)
