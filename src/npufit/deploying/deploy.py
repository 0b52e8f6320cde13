"""deploy: a bundle that runs on a board with mainline Linux, without npufit, Mesa or firmware."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from npufit.checking import TargetChoice, choose_target
from npufit.deploying.assembling import assemble
from npufit.deploying.board_files import board_files
from npufit.deploying.bundle import Bundle
from npufit.deploying.compiling import compile_for
from npufit.deploying.describing import describe, proven_status
from npufit.deploying.kernels import kernel_ranges, require_accepted
from npufit.deploying.options import DeployOptions
from npufit.deploying.planning import plan_steps
from npufit.deploying.proving import BundleProof, Golden, golden_runs, prove
from npufit.deploying.result import DeployResult
from npufit.deploying.segments import renamed
from npufit.deploying.sources import tie
from npufit.deploying.verification import verification
from npufit.errors import InputError, ToolError
from npufit.execution import Stage, read_inputs
from npufit.fitting.proof import ProofInput, seeded_inputs
from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.stacks import Target
from npufit.stacks.direct import sram_of
from npufit.stacks.vela import is_precompiled, restore_names
from npufit.tflite import serialize_model

STACK = "direct"
_DELEGATE_MODEL = "model_vela.tflite"


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
    plan = plan_steps(compiled.model, network.name)
    content = assemble(compiled.model, tie(compiled.model, network), plan, sram_of(chosen.chip))
    kernels = kernel_ranges(plan.calls, chosen.chip)
    warnings = require_accepted(plan.calls, chosen, kernels, network.name)
    bundle = Bundle(describe(model, network, chosen, compiled, content, kernels), content.files, compiled.accelerator)
    bundle = bundle.with_files(board_files(delegate=options.delegate))
    if options.delegate:
        named = renamed(compiled.model, lambda name: restore_names(name, network))
        bundle = bundle.with_files({_DELEGATE_MODEL: serialize_model(named)})
    golden = tuple(_golden(network, content.sources, options))
    proof = None
    if options.prove:
        options.progress(Stage.LOAD)
        proof = prove(bundle, network, content.sources, golden, options.progress, options.place.time_limit_s)
    bundle = _with_answers(bundle, network, content.sources, golden, proof)
    findings = () if proof is None else proof.findings
    return DeployResult(compiled.placed, bundle, proof, (*warnings, *findings), options.allow_differences)


def _require(model: Model, target: Target) -> None:
    if target.stack != STACK:
        raise InputError(f"{target}: npufit deploys for Linux's own driver. Use -t imx93/{STACK}.")
    if is_precompiled(model):
        raise InputError(
            f"{model.name} is already compiled, for a memory that may be another, and its source is needed to know the "
            "right answers. Give the model that it was compiled from; npufit deploy compiles it."
        )


def _golden(
    model: Model, sources: Sequence[int | None], options: DeployOptions
) -> Iterator[tuple[Golden, Golden | None]]:
    """Yield the right answers; none if the reference kernels cannot compute them and no proof is wanted."""
    options.progress(Stage.REFERENCE)
    wanted = tuple(dict.fromkeys((*model.main.outputs, *(own for own in sources if own is not None))))
    try:
        yield from golden_runs(model, wanted, _inputs(model, options), options.place.time_limit_s)
    except InputError as error:
        if options.prove:
            raise InputError(f"{error} {_UNPROVEN}") from None
    except ToolError as error:
        if options.prove:
            raise ToolError(f"{error} {_UNPROVEN}") from None


_UNPROVEN = "--no-prove writes the bundle without a proof."


def _inputs(model: Model, options: DeployOptions) -> tuple[ProofInput, ...]:
    given: tuple[ProofInput, ...] = ()
    if isinstance(options.sources, Mapping):
        given = (ProofInput("the given values", options.sources),)
    elif options.sources:
        values = read_inputs(model, options.sources, options.seed, options.normalize)
        given = (ProofInput(", ".join(options.sources), values),)
    return (*given, *seeded_inputs(model, max(0, options.inputs - len(given)), options.seed))


def _with_answers(
    bundle: Bundle,
    model: Model,
    sources: Sequence[int | None],
    golden: Sequence[tuple[Golden, Golden | None]],
    proof: BundleProof | None,
) -> Bundle:
    """Return the bundle with what a board must compute, and with the outcome of the proof."""
    manifest = replace(bundle.manifest, status=proven_status(bundle, proof))
    answers, files = verification(manifest, model, sources, [first for first, _ in golden])
    return replace(bundle, manifest=replace(manifest, verification=answers)).with_files(files)
