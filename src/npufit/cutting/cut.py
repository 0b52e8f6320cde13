"""Cut a model into files for the CPU and the NPU, with a manifest that says how to chain them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from npufit.checking import CheckOptions, CheckResult, TargetChoice, check
from npufit.cutting.chaining import CutProof, prove_parts
from npufit.cutting.manifest import MANIFEST, manifest_text
from npufit.cutting.parts import Part, divide
from npufit.files import make_folder, require_output_folder, write_file
from npufit.fitting import FitProgress, ignore_progress
from npufit.fitting.proof import extreme_inputs, seeded_inputs
from npufit.graph import Model
from npufit.loading import ModelSource, save
from npufit.stacks import PlaceOptions


@dataclass(frozen=True, slots=True)
class CutOptions:
    """Options of a cut.

    `head` names the tensors, by name or index, where the NPU part starts, `tail` those where it ends; without them the
    placement decides. The proof runs `inputs` sets of random values (8 by default) from `seed` on.
    """

    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    prove: bool = True
    inputs: int | None = None
    seed: int = 0
    place: PlaceOptions = field(default_factory=PlaceOptions)
    progress: FitProgress = ignore_progress


@dataclass(frozen=True, slots=True)
class CutResult:
    """The parts of `model` in execution order, and the proof that they chain, None if none was requested.

    `target` is the target in words.
    """

    model: Model
    target: str
    parts: tuple[Part, ...]
    proof: CutProof | None = None

    @property
    def has_failed(self) -> bool:
        """True if the parts do not compute what the whole model does."""
        return self.proof is not None and bool(self.proof.difference)

    @property
    def manifest(self) -> str:
        """How to chain the parts, as JSON: run them in order; each input says where its values come from."""
        return manifest_text(self.model, self.parts, self.target)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the parts and the manifest into `folder`.

        Raises InputError if it has files and `overwrite` is not given.
        """
        folder = Path(folder)
        require_output_folder(folder, overwrite=overwrite)
        make_folder(folder)
        for part in self.parts:
            save(part.model, folder / part.file, overwrite=overwrite)
        write_file(folder / MANIFEST, self.manifest.encode(), overwrite=overwrite)


def cut(model: ModelSource, target: TargetChoice, options: CutOptions | None = None) -> CutResult:
    """Return `model` in up to three parts: before the NPU of `target`, on the NPU, and after it.

    Raises InputError if there is nothing to cut, if a tensor does not exist, or if operators on both sides share state;
    ToolError if a needed tool fails.

    >>> import npufit
    >>> found = npufit.cut("zoo:ssd_mobilenet_v1@96,uint8", "imx93/teflon@26.1", npufit.CutOptions(inputs=1))
    >>> [part.file for part in found.parts], found.proof.difference
    (['1_npu.tflite', '2_cpu.tflite'], '')
    """
    options = options or CutOptions()
    return cut_placed(check(model, target, CheckOptions(place=options.place, predict=False)), options)


def cut_placed(placed: CheckResult, options: CutOptions) -> CutResult:
    """Return the result of `cut` for a model that is already placed."""
    model = placed.model
    parts = divide(model, placed.placement, options.head, options.tail)
    proof = None
    if options.prove:
        inputs = (*seeded_inputs(model, options.inputs, options.seed), *extreme_inputs(model))
        proof = prove_parts(model, parts, inputs, options.progress)
    return CutResult(model, str(placed.target), parts, proof)
