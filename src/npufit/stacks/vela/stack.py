"""The stack `vela`: Arm's compiler, whose files NXP's ethosu delegate runs on the i.MX 93."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from npufit.chips import load_chip
from npufit.errors import InputError, ModelError, NpufitError, Place, ToolError
from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Hazard, MemoryUse, Note, Placement
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target, TargetInfo
from npufit.stacks.vela.cache import cache_key, discard_entry, load_entry, store_entry
from npufit.stacks.vela.compilation import FORM, Compilation, digest, from_bytes, to_bytes
from npufit.stacks.vela.compiler import Compiler
from npufit.stacks.vela.compiler_choice import compiler_setting, executable_compiler, find_compiler
from npufit.stacks.vela.hazards import HAZARDS, find_hazards
from npufit.stacks.vela.labels import find_label, label_tensors, restore_names
from npufit.stacks.vela.linux_sram import sram_notes, sram_use_of
from npufit.stacks.vela.log import read_log
from npufit.stacks.vela.other_releases import release_notes
from npufit.stacks.vela.placing import place_operators
from npufit.stacks.vela.precompiled import SOURCE, is_precompiled, place_precompiled, shared_notes
from npufit.stacks.vela.releases import NEWEST, find_release, is_bsp, known_versions, read_version
from npufit.stacks.vela.rules import RULES
from npufit.stacks.vela.runner import VelaProcess
from npufit.stacks.vela.settings import VelaSettings, require_settings, resolve_settings
from npufit.tflite import serialize_model


class VelaStack:
    """Runs Vela and reads the placement from the compiled file."""

    name = "vela"

    def __init__(self) -> None:
        """Create the stack; nothing runs yet."""
        self._ready: dict[Compiler, VelaProcess] = {}

    def prepare(self, target: Target, options: PlaceOptions) -> None:
        """Start a process that imports Vela, so that the next placement does not wait for the import."""
        with suppress(NpufitError):  # the placement will say what is wrong
            compiler = find_compiler(target, options.vela)
            if compiler not in self._ready:
                self._ready[compiler] = VelaProcess(compiler)

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

    def version_of(self, executable: str) -> str:
        """Return the release behind `executable`. Raises InputError if it is not a Vela, ToolError if it fails."""
        return executable_compiler(executable).number

    def identify_tools(self, target: Target, options: PlaceOptions) -> tuple[str, ...]:
        """Return which Vela compiles for `target`, and the digest of the configuration file that `options` name."""
        try:
            compiler = find_compiler(target, options.vela)
            settings = resolve_settings(load_chip(target.chip), options.settings, compiler)
        except NpufitError as error:
            return (str(error),)
        return compiler.version, compiler.way.value, compiler.program, compiler.identity, settings.config_digest

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule and hazard of this stack."""
        return (*RULES, *(rule for rule, _ in HAZARDS))

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator of `model` runs.

        Raises InputError if Vela refuses the model or the settings, ToolError if it is missing, fails or exceeds the
        time limit.
        """
        if is_precompiled(model):
            return _read_precompiled(model, target, options)
        compiler = find_compiler(target, options.vela)
        version = compiler.version
        settings = resolve_settings(load_chip(target.chip), options.settings, compiler)
        compilation = _compile(model, settings, compiler, options, self._ready.pop(compiler, None))
        placed = place_operators(model, target, compilation, version)
        # As everywhere: the Nth stream belongs to the Nth call if there are as many of both.
        is_tied = compilation.database.stream_count == len(placed.partitions)
        return replace(
            placed,
            hazards=_hazards(model, compilation, placed, settings, compiler),
            settings=(*settings.shown, compiler_setting(compiler)),
            notes=(
                *release_notes(model, target, compiler, compilation, placed.operators),
                *placed.notes,
                *_accelerator_note(target, settings),
                *sram_notes(compilation.sram_bytes, target.chip),
            ),
            memory=tuple(
                MemoryUse(need.memory, need.used_bytes, need.limit_bytes, f"Vela {version}: summary")
                for need in compilation.memory
            ),
            compiler_estimate=compilation.estimate if is_tied else None,
        )

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return what a log of Vela or of NXP's ethosu delegate says about `model`, or None."""
        return read_log(text, model)


def compile_model(model: Model, target: Target, options: PlaceOptions) -> Compilation:
    """Return what Vela makes of `model` for `target`; tensors are named by their labels (see `read_label`).

    Raises InputError if Vela refuses the model or the settings, ToolError if it is missing, fails or exceeds the time
    limit.
    """
    compiler = find_compiler(target, options.vela)
    return _compile(
        model, resolve_settings(load_chip(target.chip), options.settings, compiler), compiler, options, None
    )


def _compile(
    model: Model, settings: VelaSettings, compiler: Compiler, options: PlaceOptions, ready: VelaProcess | None
) -> Compilation:
    data = serialize_model(label_tensors(model))
    key = cache_key(data, f"form {FORM}", compiler.identity, settings.config_digest, *settings.arguments())
    use_cache = options.use_cache and bool(compiler.identity)
    if use_cache:
        known = _from_cache(key)
        if known is not None:
            return known
    try:
        output = (ready or VelaProcess(compiler)).compile(data, settings, options.time_limit_s)
    except InputError as error:
        raise _in_the_users_words(error, model) from None
    except ToolError as error:
        raise ToolError(f"{model.name}: {restore_names(str(error), model)}") from None
    origin = f"Vela {compiler.version}, own estimate with {settings.system_config} and {settings.memory_mode}"
    compilation = digest(output, model, origin)
    if use_cache:
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


def _hazards(
    model: Model, compilation: Compilation, placed: Placement, settings: VelaSettings, compiler: Compiler
) -> tuple[Hazard, ...]:
    """Return the hazards of the compiled model; all known ones are faults of Vela 5's compiler."""
    if not compiler.is_regor:
        return ()
    return tuple(find_hazards(model, compilation, placed.operators, settings.accelerator))


def _in_the_users_words(error: InputError, model: Model) -> InputError:
    """Return `error` with tensor names, and with the operator that writes the first tensor mentioned."""
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
    text = f"Compiled for {settings.accelerator} as requested; {target.chip} has {fact.value}"
    return (Note(text, Evidence.SOURCE, fact.source),)


def _read_precompiled(model: Model, target: Target, options: PlaceOptions) -> Placement:
    settings = resolve_settings(load_chip(target.chip), options.settings)
    read = place_precompiled(model, target, settings.accelerator)
    return replace(
        read,
        notes=(
            Note(
                "The file is already compiled, so Vela was not run; an ethos-u operator may stand for many operators "
                "of the original model",
                Evidence.EXECUTED,
                SOURCE,
            ),
            *shared_notes(read.partitions),
            *sram_notes(sram_use_of(model), target.chip),
        ),
    )
