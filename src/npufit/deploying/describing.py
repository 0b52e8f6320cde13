"""What a manifest says about its bundle besides the steps: who made it, of what, for which board."""

from __future__ import annotations

from npufit._version import __version__
from npufit.chips import load_chip
from npufit.deploying.assembling import Content
from npufit.deploying.bundle import Bundle
from npufit.deploying.compiling import Compiled
from npufit.deploying.device import registers_for
from npufit.deploying.manifest import (
    MANIFEST_VERSION,
    Device,
    KernelRange,
    MadeBy,
    Manifest,
    NpuStep,
    SourceModel,
    Verification,
)
from npufit.deploying.proving import BundleProof
from npufit.formatting import plural
from npufit.graph import Model
from npufit.loading import ModelSource, model_file
from npufit.measurements import model_digest
from npufit.stacks import Target

_NEVER = "never run on silicon"


def describe(
    given: ModelSource,
    model: Model,
    target: Target,
    compiled: Compiled,
    content: Content,
    kernels: tuple[KernelRange, ...],
) -> Manifest:
    """Return the manifest of `content`, without files and right answers; `given` is how the user named the model."""
    return Manifest(
        npufit_direct=MANIFEST_VERSION,
        made_by=MadeBy(__version__, compiled.settings["vela"], compiled.settings),
        model=SourceModel(model.name, model_digest(model, model_file(given))),
        target=str(target),
        status=_NEVER,
        device=Device(
            driver=str(load_chip(target.chip).stack_settings(target.stack)["driver"].value),
            registers=registers_for(compiled.accelerator),
            sram_bytes=max(step.sram_bytes for step in content.steps if isinstance(step, NpuStep)),
        ),
        kernels=kernels,
        files=(),
        buffers=content.buffers,
        tensors=content.tensors,
        inputs=content.inputs,
        outputs=content.outputs,
        steps=content.steps,
        verification=Verification("", ()),
        state=content.state,
    )


def proven_status(bundle: Bundle, proof: BundleProof | None) -> str:
    """Return in a sentence what was tried with the bundle, and what was not."""
    if proof is None:
        return f"{_NEVER}, and not executed on npufit's simulator either"
    if proof.difference is not None:
        cause = "as Vela compiled it" if proof.difference.is_of_vela else "a fault of npufit"
        return f"{_NEVER}; differs on npufit's simulator ({cause}): {proof.difference.describe(bundle)}"
    if not proof.tensors:
        return f"{_NEVER}; on npufit's simulator it computes what Vela's file does; LiteRT cannot say if that is right"
    return f"{_NEVER}; {plural(proof.inferences, 'inference')} on npufit's simulator: every byte as LiteRT computes it"
