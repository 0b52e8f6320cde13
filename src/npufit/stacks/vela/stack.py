"""The stack `vela`: Arm's compiler, whose files NXP's ethosu delegate runs on the i.MX 93."""

from __future__ import annotations

import re
from contextlib import suppress

from npufit.chips import chip_names, load_chip
from npufit.errors import InputError, ModelError, Place, ToolError
from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.placement import MemoryUse, Note, Placement, Setting, Status, Unit
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target, TargetInfo
from npufit.stacks.vela.cache import cache_key, discard_entry, load_entry, store_entry
from npufit.stacks.vela.compilation import FORM, Compilation, digest, from_bytes, to_bytes
from npufit.stacks.vela.hazards import HAZARDS, find_hazards
from npufit.stacks.vela.labels import find_label, label_tensors, restore_names
from npufit.stacks.vela.linux_sram import sram_notes, sram_use_of
from npufit.stacks.vela.log import read_log
from npufit.stacks.vela.placing import place_operators
from npufit.stacks.vela.precompiled import SOURCE, is_precompiled, place_precompiled, shared_notes
from npufit.stacks.vela.rules import RULES
from npufit.stacks.vela.runner import VelaProcess, installed_version
from npufit.stacks.vela.settings import VelaSettings, resolve_settings
from npufit.tflite import serialize_model

_VERSION = "5.2"
_RELEASE = re.compile(r"5\.2(\.\d+)?")


class VelaStack:
    """Runs Vela and reads the placement off the compiled file."""

    name = "vela"

    def __init__(self) -> None:
        """Make the stack; nothing runs yet."""
        self._ready: VelaProcess | None = None

    def prepare(self) -> None:
        """Start a process that imports Vela, so that the next placement does not wait for that."""
        if self._ready is None:
            with suppress(ToolError):  # the placement will say what is wrong
                self._ready = VelaProcess()

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return the chips whose profile has settings for Vela."""
        return tuple(
            TargetInfo(
                chip=chip,
                stack=self.name,
                versions=(_VERSION,),
                default_version=_VERSION,
                evidence=Evidence.EXECUTED,
                basis="Vela 5.2 runs here; placement is read off the file that it compiles.",
                missing="NXP's BSP compiles with its own fork of an older Vela, which may place operators differently; "
                "its log or its compiled file decides there.",
            )
            for chip in chip_names()
            if load_chip(chip).stack_settings(self.name)
        )

    def resolve_version(self, chip: str, version: str) -> str | None:
        """Return 5.2 for 5.2 and its patch releases, None for every other version."""
        return _VERSION if _RELEASE.fullmatch(version) else None

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule and hazard of this stack."""
        return (*RULES, *(rule for rule, _ in HAZARDS))

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator of `model` runs.

        Raises InputError where Vela refuses the model or the settings, ToolError where it is missing, fails or takes
        longer than the time limit.
        """
        settings = resolve_settings(load_chip(target.chip), options.settings)
        if is_precompiled(model):
            return _read_precompiled(model, target, settings)
        version = _usable_version(target)
        ready, self._ready = self._ready, None
        compilation = _compile(model, settings, version, options, ready)
        placed = place_operators(model, compilation, version)
        # As everywhere: the Nth stream is that of the Nth call where there are as many of both.
        is_tied = compilation.database.stream_count == len(placed.partitions)
        unknown = any(operator.unit is Unit.UNKNOWN for operator in placed.operators)
        return Placement(
            target=target,
            status=Status.PARTIAL if unknown else Status.COMPLETE,
            operators=placed.operators,
            partitions=placed.partitions,
            hazards=tuple(find_hazards(model, compilation, placed.operators, settings.accelerator)),
            settings=(*settings.shown, Setting("vela", version, "installed on this machine")),
            notes=(
                *placed.notes,
                *_accelerator_note(target, settings),
                *sram_notes(compilation.sram_bytes, target.chip),
            ),
            memory=tuple(
                MemoryUse(need.memory, need.used_bytes, need.limit_bytes, f"Vela {version}: summary")
                for need in compilation.memory
            ),
            differences=placed.differences,
            compiler_estimate=compilation.estimate if is_tied else None,
        )

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return what a log of Vela or of NXP's ethosu delegate says about `model`, or None."""
        return read_log(text, model)


def compile_model(model: Model, target: Target, options: PlaceOptions) -> Compilation:
    """Return what Vela makes of `model` for `target`; its tensors are called by their labels (see `read_label`).

    Raises InputError where Vela refuses the model or the settings, ToolError where it is missing, fails or takes longer
    than the time limit.
    """
    settings = resolve_settings(load_chip(target.chip), options.settings)
    return _compile(model, settings, _usable_version(target), options, None)


def _usable_version(target: Target) -> str:
    version = installed_version()
    if not _RELEASE.fullmatch(version):
        raise ToolError(
            f"{target} needs Vela {_VERSION}; Vela {version} is installed. Install the other with: "
            "pip install 'ethos-u-vela>=5.2,<5.3'."
        )
    return version


def _compile(
    model: Model, settings: VelaSettings, version: str, options: PlaceOptions, ready: VelaProcess | None
) -> Compilation:
    data = serialize_model(label_tensors(model))
    counts = tuple(len(subgraph.operators) for subgraph in model.subgraphs)
    key = cache_key(data, f"form {FORM}", version, settings.config_digest, *settings.arguments())
    if options.use_cache:
        known = _from_cache(key)
        if known is not None:
            return known
    try:
        output = (ready or VelaProcess()).compile(data, settings, options.time_limit_s)
    except InputError as error:
        raise _in_the_users_words(error, model) from None
    except ToolError as error:
        raise ToolError(f"{model.name}: {restore_names(str(error), model)}") from None
    origin = f"Vela {version}, its own estimate with {settings.system_config} and {settings.memory_mode}"
    compilation = digest(output, counts, origin)
    if options.use_cache:
        store_entry(key, to_bytes(compilation))
    return compilation


def _from_cache(key: str) -> Compilation | None:
    data = load_entry(key)
    if data is None:
        return None
    try:
        return from_bytes(data)
    except (ValueError, LookupError, TypeError):
        discard_entry(key)
        return None


def _in_the_users_words(error: InputError, model: Model) -> InputError:
    """Return `error` with the tensors' names, and with the operator that writes the first tensor it mentions."""
    problem = restore_names(str(error), model)
    label = find_label(str(error))
    if label is None:
        return InputError(f"{model.name}: {problem}")
    number, tensor = label
    for index, operator in enumerate(model.subgraphs[number].operators):
        if tensor in operator.outputs:
            return ModelError(model.name, problem, Place(number, index, operator.name))
    return ModelError(model.name, problem, Place(number))


def _accelerator_note(target: Target, settings: VelaSettings) -> tuple[Note, ...]:
    fact = load_chip(target.chip).stack_settings("vela")["accelerator"]
    if settings.accelerator == fact.value:
        return ()
    text = f"Compiled for {settings.accelerator} as asked; {target.chip} has {fact.value}"
    return (Note(text, Evidence.SOURCE, fact.source),)


def _read_precompiled(model: Model, target: Target, settings: VelaSettings) -> Placement:
    read = place_precompiled(model, settings.accelerator)
    return Placement(
        target=target,
        status=Status.COMPLETE,
        operators=read.operators,
        partitions=read.partitions,
        hazards=read.hazards,
        settings=read.settings,
        notes=(
            Note(
                "The file is compiled already, so Vela was not run; an ethos-u operator may stand for many of the "
                "original model",
                Evidence.EXECUTED,
                SOURCE,
            ),
            *shared_notes(read.partitions),
            *sram_notes(sram_use_of(model), target.chip),
        ),
    )
