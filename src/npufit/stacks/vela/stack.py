"""The stack `vela`: Arm's compiler, whose files NXP's ethosu delegate runs on the i.MX 93."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from npufit.chips import load_chip
from npufit.errors import NpufitError
from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Placement
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import Acceptance, PlaceOptions
from npufit.stacks.target import Target, TargetInfo
from npufit.stacks.vela.compilation import Compilation
from npufit.stacks.vela.compiled_placement import place_compilation
from npufit.stacks.vela.compiler_choice import executable_compiler
from npufit.stacks.vela.compiling import Invocation, compile_with, invocation_of, is_kept, start_ahead
from npufit.stacks.vela.hazards import HAZARDS
from npufit.stacks.vela.linux_sram import describe_sram_use, largest_sram_use, sram_notes, sram_use_of
from npufit.stacks.vela.log import read_log
from npufit.stacks.vela.other_releases import older_note
from npufit.stacks.vela.precompiled import is_precompiled, place_precompiled
from npufit.stacks.vela.releases import BSPS, NEWEST, find_release, is_bsp, known_versions, read_version
from npufit.stacks.vela.rules import RULES
from npufit.stacks.vela.settings import require_settings, resolve_settings

if TYPE_CHECKING:
    from npufit.ethosu import CompiledCall


class VelaStack:
    """Runs Vela and reads the placement from the compiled file."""

    name = "vela"

    def prepare(self, target: Target, options: PlaceOptions) -> None:
        """Start a process that imports Vela, so that the next placement does not wait for the import."""
        start_ahead(target.version, options.vela)

    def describe(self, chip: str) -> TargetInfo:
        """Return what is known about `chip`. Raises InputError if its file lacks one of Vela's settings."""
        require_settings(load_chip(chip))
        return TargetInfo(
            chip=chip,
            stack=self.name,
            versions=known_versions(),
            default_version=NEWEST,
            evidence=Evidence.EXECUTED,
            basis=f"Vela {NEWEST} runs here; placement is read from the file that it compiles. Other releases do "
            "the same once npufit toolchain has installed them; a BSP (lf-...) stands for the Vela that it "
            "ships.",
            missing="NXP's BSPs compile with forks, which place some networks differently from the release of the "
            "same number; npufit toolchain install vela --from FORK --as BSP installs one.",
        )

    def resolve_version(self, version: str) -> str | None:
        """Return the release or BSP that `version` names (3.8.0 is 3.8), None if it is neither.

        The BSP need not be one that npufit knows: its fork may be installed.
        """
        known = read_version(version)
        return known if known is not None and (is_bsp(known) or find_release(known) is not None) else None

    def versions_of_bsp(self, bsp: str) -> tuple[str, ...]:
        """Return the BSP itself, or its series if only that is known (lf-6.18 for lf-6.18.2)."""
        names = [known.name for known in BSPS]
        return tuple(name for name in (bsp, bsp.rpartition(".")[0]) if name in names)[:1]

    def version_of(self, executable: str) -> str:
        """Return the release behind `executable`. Raises InputError if it is not a Vela, ToolError if it fails."""
        return executable_compiler(executable).number

    def identify_tools(self, target: Target, options: PlaceOptions) -> tuple[str, ...]:
        """Return which Vela compiles for `target`, and the digest of the configuration file that `options` name."""
        try:
            return _invocation(target, options).identity
        except NpufitError as error:
            return (str(error),)

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule and hazard of this stack."""
        return (*RULES, *(rule for rule, _ in HAZARDS))

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator of `model` runs.

        Raises InputError if Vela refuses the model or the settings, ToolError if it is missing, fails or exceeds the
        time limit.
        """
        if is_precompiled(model):
            accelerator = resolve_settings(load_chip(target.chip), options.settings).accelerator
            placed = place_precompiled(model, target, accelerator)
            return replace(placed, notes=(*placed.notes, *sram_notes(sram_use_of(model), target.chip)))
        invocation = _invocation(target, options)
        compilation = compile_with(invocation, model, options)
        placed = place_compilation(model, target, compilation, invocation)
        return replace(
            placed,
            notes=(
                *older_note(model, target, invocation.compiler, placed.operators),
                *placed.notes,
                *_accelerator_note(target, invocation),
                *sram_notes(compilation.sram_bytes, target.chip),
            ),
        )

    def compile(self, model: Model, target: Target, options: PlaceOptions) -> Compilation:
        """Return what Vela makes of `model`. Raises InputError and ToolError as `place` does."""
        return compile_with(_invocation(target, options), model, options)

    def is_kept(self, model: Model, target: Target, options: PlaceOptions) -> bool:
        """Return whether what Vela makes of `model` is kept. Raises InputError and ToolError."""
        return is_precompiled(model) or is_kept(_invocation(target, options), model, options)

    def judge(self, calls: Sequence[CompiledCall], target: Target) -> Acceptance:
        """Return that NXP's driver takes everything; a note if Linux's own driver would not."""
        note = describe_sram_use(largest_sram_use(calls), target.chip)
        return Acceptance(notes=() if note is None else (note,))

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return what a log of Vela or of NXP's ethosu delegate says about `model`, or None."""
        return read_log(text, model)


def _invocation(target: Target, options: PlaceOptions) -> Invocation:
    return invocation_of(target.chip, target.stack, target.version, options)


def _accelerator_note(target: Target, invocation: Invocation) -> tuple[Note, ...]:
    fact = load_chip(target.chip).stack_settings(target.stack)["accelerator"]
    accelerator = invocation.settings.accelerator
    if accelerator == fact.value:
        return ()
    text = f"Compiled for {accelerator} as requested; {target.chip} has {fact.value}"
    return (Note(text, Evidence.SOURCE, fact.source),)
