"""Vela at work: which Vela, with which settings, and what it makes of a model."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from npufit.chips import load_chip
from npufit.errors import InputError, ModelError, NpufitError, Place, ToolError, ToolFailureError
from npufit.graph import Latest, Model
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.vela.cache import cache_key, discard_entry, has_entry, load_entry, store_entry
from npufit.stacks.vela.compilation import FORM, Compilation, digest, from_bytes, to_bytes
from npufit.stacks.vela.compiler import Compiler
from npufit.stacks.vela.compiler_choice import find_compiler
from npufit.stacks.vela.labels import find_label, label_tensors, restore_names
from npufit.stacks.vela.runner import VelaProcess
from npufit.stacks.vela.settings import VelaSettings, resolve_settings
from npufit.tflite import serialize_model

_ready: dict[Compiler, VelaProcess] = {}
"""Processes that import Vela ahead of the next compilation."""

_LABELLED: Latest[None, bytes] = Latest()


@dataclass(frozen=True, slots=True)
class Invocation:
    """A Vela with its settings: all that decides, besides the model, what is compiled."""

    compiler: Compiler
    settings: VelaSettings

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells this Vela and its configuration file from others; settings given by name are not part of it."""
        compiler = self.compiler
        return compiler.version, compiler.way.value, compiler.program, compiler.identity, self.settings.config_digest


def invocation_of(
    chip: str, stack: str, version: str, options: PlaceOptions, settings: tuple[tuple[str, str], ...] | None = None
) -> Invocation:
    """Return how Vela `version` compiles for `stack` on `chip`.

    `settings` are those of `options`, unless some of these are not Vela's. Raises InputError and ToolError.
    """
    compiler = find_compiler(version, options.vela)
    given = options.settings if settings is None else settings
    return Invocation(compiler, resolve_settings(load_chip(chip), given, compiler, stack))


def start_ahead(version: str, executable: str | None) -> None:
    """Start a process that imports Vela, so that the next compilation does not wait for the import. Never raises."""
    with suppress(NpufitError):  # the placement will say what is wrong
        compiler = find_compiler(version, executable)
        if compiler not in _ready:
            _ready[compiler] = VelaProcess(compiler)


def compile_with(invocation: Invocation, model: Model, options: PlaceOptions) -> Compilation:
    """Return what Vela makes of `model`; tensors are named by their labels (see `labels`).

    Raises InputError if Vela refuses the model or the settings, ToolError if it is missing, fails or exceeds the time
    limit.
    """
    compiler, settings = invocation.compiler, invocation.settings
    ready = _ready.pop(compiler, None)
    data = _labelled(model)
    key = _key(data, invocation)
    use_cache = options.use_cache and bool(compiler.identity)
    if use_cache:
        known = _from_cache(key)
        if known is not None:
            return known
    try:
        output = (ready or VelaProcess(compiler)).compile(data, settings, options.time_limit_s)
    except InputError as error:
        raise _in_the_users_words(error, model) from None
    except ToolFailureError as error:
        raise ToolFailureError(f"{model.name}: {restore_names(str(error), model)}", error.end) from None
    except ToolError as error:
        raise ToolError(f"{model.name}: {restore_names(str(error), model)}") from None
    origin = f"Vela {compiler.version}, own estimate with {settings.system_config} and {settings.memory_mode}"
    compilation = digest(output, model, origin)
    if use_cache:
        store_entry(key, to_bytes(compilation))
    return compilation


def is_kept(invocation: Invocation, model: Model, options: PlaceOptions) -> bool:
    """Return whether what Vela makes of `model` is in the cache."""
    can_be_kept = options.use_cache and bool(invocation.compiler.identity)
    return can_be_kept and has_entry(_key(_labelled(model), invocation))


def _labelled(model: Model) -> bytes:
    """Return the file that Vela gets, made once for several targets."""
    return _LABELLED.of(model, None, lambda: serialize_model(label_tensors(model)))


def _key(data: bytes, invocation: Invocation) -> str:
    compiler, settings = invocation.compiler, invocation.settings
    return cache_key(data, f"form {FORM}", compiler.identity, settings.config_digest, *settings.arguments())


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
