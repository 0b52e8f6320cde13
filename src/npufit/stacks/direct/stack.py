"""The stack `direct`: Vela's streams through Linux's own `ethosu` driver."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from npufit.chips import load_chip
from npufit.errors import InputError, NpufitError
from npufit.ethosu import COMPILED, RELEASES, parse_kernel, read_programs
from npufit.graph import Model
from npufit.stacks.direct.notes import NEVER_RUN, release_notes
from npufit.stacks.direct.refusals import Judged, acceptance_of, find_refusals, refusal_words
from npufit.stacks.direct.rules import RULES
from npufit.stacks.direct.trials import settings_notes
from npufit.stacks.direct.vela_release import invocation_for, release_of
from npufit.stacks.direct.verdicts import judge_calls
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Placement
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import Acceptance, PlaceOptions
from npufit.stacks.target import Target, TargetInfo
from npufit.stacks.vela.compilation import Compilation, parse_compiled
from npufit.stacks.vela.compiled_placement import place_compilation
from npufit.stacks.vela.compiling import compile_with, is_kept, start_ahead
from npufit.stacks.vela.debug_database import Write
from npufit.stacks.vela.log import read_log
from npufit.stacks.vela.precompiled import is_precompiled, place_precompiled
from npufit.stacks.vela.releases import NEWEST, find_release, read_version
from npufit.stacks.vela.rules import OTHER_ACCELERATOR
from npufit.stacks.vela.settings import require_settings

if TYPE_CHECKING:
    from npufit.ethosu import CompiledCall

_NEEDED = ("driver", "accelerator", "system-config", "memory-mode", "sram")


class DirectStack:
    """Vela compiles for the SRAM that Linux has; the driver of the target's release judges every stream."""

    name = "direct"

    def prepare(self, target: Target, options: PlaceOptions) -> None:
        """Start a process that imports Vela, so that the next placement does not wait for the import."""
        with suppress(NpufitError):  # the placement will say what is wrong
            start_ahead(release_of(options), options.vela)

    def describe(self, chip: str) -> TargetInfo:
        """Return what is known about `chip`. Raises InputError if its file lacks a needed setting."""
        require_settings(load_chip(chip), self.name, _NEEDED)
        return TargetInfo(
            chip=chip,
            stack=self.name,
            versions=tuple(map(str, RELEASES)),
            default_version=str(RELEASES[-1]),
            evidence=Evidence.EXECUTED,
            basis=f"Vela {NEWEST} runs here (--set vela=RELEASE: another one); placement is read from the file that it "
            "compiles. The version is Linux's, also a point release (7.2.9): checks read in its ethosu driver, and "
            f"compared with {len(COMPILED)} compiled releases, judge each stream.",
            missing="Never run on silicon: that a board computes what the simulator computes, and how long it takes.",
        )

    def resolve_version(self, version: str) -> str:
        """Return the release of Linux that `version` names, as it was given: 7.3, 7.2.9, 7.2-rc3, also unknown ones.

        Raises InputError if it is none, or one without the driver.
        """
        try:
            parse_kernel(version)
        except InputError as error:
            known = read_version(version)
            is_velas = known is not None and find_release(known) is not None
            hint = f" The version of {self.name} is Linux's; --set vela={known} chooses a Vela." if is_velas else ""
            raise InputError(f"{error}{hint}") from None
        return version.strip().removeprefix("v")

    def identify_tools(self, target: Target, options: PlaceOptions) -> tuple[str, ...]:
        """Return which Vela compiles for `target`, and the digest of the configuration file that `options` name."""
        try:
            return invocation_for(target, options).identity
        except NpufitError as error:
            return (str(error),)

    def rules(self) -> tuple[Rule, ...]:
        """Return the rules of this stack: why Linux refuses a stream. Those of Vela belong to the stack vela."""
        return RULES

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator of `model` runs, and whether Linux takes the streams.

        Raises InputError if Vela refuses the model or the settings, ToolError if it is missing, fails or exceeds the
        time limit.
        """
        if is_precompiled(model):
            accelerator = str(load_chip(target.chip).stack_settings(self.name)["accelerator"].value)
            placed = place_precompiled(model, target, accelerator)
            is_other = any(hazard.rule is OTHER_ACCELERATOR for hazard in placed.hazards)
            return placed if is_other else _with_verdicts(placed, _judge(model, model, target), options)
        invocation = invocation_for(target, options)
        compilation = compile_with(invocation, model, options)
        placed = place_compilation(model, target, compilation, invocation)
        compiled = parse_compiled(compilation.compiled)
        if not placed.partitions:
            return placed
        judged = _judge(model, compiled, target, compilation.database.writes)
        seek = options.explore and not judged.is_accepted
        settings = settings_notes(model, judged, invocation, options) if seek else ()
        return _with_verdicts(placed, judged, options, tuple(settings))

    def compile(self, model: Model, target: Target, options: PlaceOptions) -> Compilation:
        """Return what Vela makes of `model`. Raises InputError and ToolError as `place` does."""
        return compile_with(invocation_for(target, options), model, options)

    def is_kept(self, model: Model, target: Target, options: PlaceOptions) -> bool:
        """Return whether what Vela makes of `model` is kept. Raises InputError and ToolError."""
        return is_precompiled(model) or is_kept(invocation_for(target, options), model, options)

    def judge(self, calls: Sequence[CompiledCall], target: Target) -> Acceptance:
        """Return whether the driver of the target's release takes `calls`, unknown if they are for another NPU."""
        accelerator = load_chip(target.chip).stack_settings(self.name)["accelerator"].value
        if any(call.program.accelerator not in ("", accelerator) for call in calls):
            return Acceptance()
        kernel = parse_kernel(target.version)
        return acceptance_of(judge_calls(calls, kernel, target.chip), kernel.note)

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return what a log of Vela says about `model`, or None."""
        return read_log(text, model)


def _judge(model: Model, compiled: Model, target: Target, writes: tuple[Write, ...] = ()) -> Judged:
    kernel = parse_kernel(target.version)
    calls = read_programs(compiled)
    return Judged(model, target, kernel, calls, judge_calls(calls, kernel, target.chip), writes)


def _with_verdicts(
    placed: Placement, judged: Judged, options: PlaceOptions, settings: tuple[Note, ...] = ()
) -> Placement:
    """Return `placed` with what Linux says about its streams."""
    return replace(
        placed,
        refusal=refusal_words(judged),
        hazards=(*placed.hazards, *find_refusals(judged, placed)),
        notes=(*settings, *release_notes(judged, options.explore), *placed.notes, NEVER_RUN),
    )
