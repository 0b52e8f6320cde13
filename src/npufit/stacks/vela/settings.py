"""Vela's settings: accelerator, system configuration, memory mode, and where each comes from."""

from __future__ import annotations

import configparser
import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from npufit.chips import Chip, Fact
from npufit.errors import InputError, InternalError
from npufit.formatting import shorten
from npufit.stacks.placement import Setting
from npufit.stacks.vela.compiler import Compiler, bundled_compiler

PACKAGED_CONFIG = "Arm/vela.ini"
"""The configuration file that comes with Vela, in the form of its `--config`."""

ACCELERATORS = (
    *("ethos-u55-32", "ethos-u55-64", "ethos-u55-128", "ethos-u55-256"),
    *("ethos-u65-256", "ethos-u65-512"),
    *("ethos-u85-128", "ethos-u85-256", "ethos-u85-512", "ethos-u85-1024", "ethos-u85-2048"),
)
"""The values of `--accelerator-config` in Vela 5.2; a release before 4 refuses those of the Ethos-U85 itself."""

STRATEGIES = ("Performance", "Size")
"""The values of `--optimise`, its default first; the same in all releases."""

DEFAULTS = "internal-default"
"""The value with which Vela uses its own system configuration and memory mode."""

_SIZED = re.compile(r"(Dedicated_Sram)_(\d+)KB")
"""Memory modes of Vela 5 that earlier releases express with two settings: the mode and the cache size."""

_FROM_CHIP = ("accelerator", "system-config", "memory-mode")
SETTINGS = (*_FROM_CHIP, "config", "arena-cache-size", "optimise")
"""The names of all settings."""


@dataclass(frozen=True, slots=True)
class VelaSettings:
    """Valid settings, ready for the command line.

    `config_digest` is the hash of the configuration file, because its path alone does not identify its content.
    """

    accelerator: str
    system_config: str
    memory_mode: str
    config: str
    config_digest: str
    arena_cache_size_bytes: int | None
    optimise: str
    shown: tuple[Setting, ...]

    def arguments(self) -> tuple[str, ...]:
        """Return the settings as arguments of Vela."""
        arena = self.arena_cache_size_bytes
        return (
            *("--accelerator-config", self.accelerator),
            *("--config", self.config),
            *("--system-config", self.system_config),
            *("--memory-mode", self.memory_mode),
            *("--optimise", self.optimise),
            *(("--arena-cache-size", str(arena)) if arena is not None else ()),
        )


def resolve_settings(
    chip: Chip, options: tuple[tuple[str, str], ...], compiler: Compiler | None = None, stack: str = "vela"
) -> VelaSettings:
    """Return the settings of `chip` for `stack`, overridden by the user's `options`, as `compiler` understands them.

    The default compiler is the Vela beside npufit. Raises InputError for names and values that do not exist, listing
    those that do, and ToolError if Vela's own configuration file is missing.
    """
    compiler = compiler or bundled_compiler()
    given = dict(options)
    for name in given:
        if name not in SETTINGS:
            if name == stack:
                raise InputError(
                    f"--set {name}={given[name]}: the target names Vela's release: {chip.name}/{stack}@{given[name]}."
                )
            raise InputError(f"Unknown setting '{name}' for Vela.{_nearest(name, SETTINGS)}")
    facts = chip.stack_settings(stack)
    values = {name: Setting(name, *_from_chip_or_option(chip.name, facts, name, given)) for name in _FROM_CHIP}
    own_config = "config" in given
    config = _config_path(given.get("config"), compiler)
    sections = _sections(config) if config is not None else None
    strategy = given.get("optimise", STRATEGIES[0])
    arena, arena_origin = _arena_bytes(given.get("arena-cache-size")), "option"
    if arena is None and (sram := facts.get("sram")) is not None:
        arena, arena_origin = int(sram.value) << 10, f"chip profile: {sram.source}"
    mode = values["memory-mode"]
    in_other_words = _in_other_words(mode.value, sections, compiler)
    if in_other_words is not None:
        name, cache_bytes = in_other_words
        values["memory-mode"] = Setting(
            mode.name, name, f"{mode.origin}: {mode.value}, which Vela {compiler.version} lacks"
        )
        if arena is None:
            arena, arena_origin = cache_bytes, f"the size in {mode.value}"
    _check("accelerator", values["accelerator"].value, ACCELERATORS)
    if sections is not None and config is not None:
        _check("system-config", values["system-config"].value, (*sections.system_configs, DEFAULTS), config)
        _check("memory-mode", values["memory-mode"].value, (*sections.memory_modes, DEFAULTS), config)
    _check("optimise", strategy, STRATEGIES)
    shown = [
        *values.values(),
        Setting("config", given.get("config", PACKAGED_CONFIG), "option" if own_config else "Vela's default"),
        Setting("optimise", strategy, "option" if "optimise" in given else "Vela's default"),
    ]
    if arena is not None:
        shown.append(Setting("arena-cache-size", f"{arena} bytes", arena_origin))
    return VelaSettings(
        accelerator=values["accelerator"].value,
        system_config=values["system-config"].value,
        memory_mode=values["memory-mode"].value,
        config=str(config) if own_config else PACKAGED_CONFIG,
        config_digest=sections.digest if sections is not None else "",
        arena_cache_size_bytes=arena,
        optimise=strategy,
        shown=tuple(shown),
    )


def require_settings(chip: Chip, stack: str = "vela", needed: tuple[str, ...] = _FROM_CHIP) -> None:
    """Raise InputError if the file of `chip` lacks a `needed` setting of `stack`, or names an unknown accelerator."""
    facts = chip.stack_settings(stack)
    missing = [name for name in needed if name not in facts]
    if missing:
        raise InputError(f"Chip file '{chip.name}': [stacks.{stack}] lacks {', '.join(missing)}.")
    accelerator = str(facts["accelerator"].value)
    if accelerator not in ACCELERATORS:
        problem = f"no accelerator '{shorten(accelerator)}' for Vela.{_nearest(accelerator, ACCELERATORS)}"
        raise InputError(f"Chip file '{chip.name}': {problem}")


def _in_other_words(mode: str, sections: _Sections | None, compiler: Compiler) -> tuple[str, int] | None:
    """Return memory mode and cache size in bytes for a mode that the compiler's configuration lacks."""
    found = _SIZED.fullmatch(mode)
    if found is None:
        return None
    is_missing = not compiler.is_regor if sections is None else mode not in sections.memory_modes
    can_be_said = sections is None or found[1] in sections.memory_modes
    return (found[1], int(found[2]) << 10) if is_missing and can_be_said else None


@dataclass(frozen=True, slots=True)
class _Sections:
    system_configs: tuple[str, ...]
    memory_modes: tuple[str, ...]
    digest: str


def _from_chip_or_option(chip: str, facts: Mapping[str, Fact], name: str, given: dict[str, str]) -> tuple[str, str]:
    if name in given:
        return given[name], "option"
    fact = facts.get(name)
    if fact is None:
        raise InternalError(f"The profile of chip '{chip}' has no setting '{name}' for Vela.")
    return str(fact.value), f"chip profile: {fact.source}"


def _config_path(given: str | None, compiler: Compiler) -> Path | None:
    """Return the configuration file; None if the compiler's own is in an unknown place."""
    if given is not None:
        path = Path(given).expanduser().resolve()
        if path.suffix != ".ini":
            raise InputError(f"{given}: Vela accepts only configuration files that end in .ini.")
        return path
    return None if compiler.configs is None else compiler.configs / PACKAGED_CONFIG


def _sections(path: Path) -> _Sections:
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as Vela's configuration: {error}.") from None
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise InputError(f"{path}: not a configuration file for Vela: {error.message}.") from None
    return _Sections(
        _after(parser, "System_Config."), _after(parser, "Memory_Mode."), hashlib.sha256(text.encode()).hexdigest()
    )


def _after(parser: configparser.ConfigParser, prefix: str) -> tuple[str, ...]:
    return tuple(section.removeprefix(prefix) for section in parser.sections() if section.startswith(prefix))


def _check(name: str, value: str, known: tuple[str, ...], config: Path | None = None) -> None:
    if value not in known:
        where = f" in {config.name}" if config else ""
        raise InputError(f"Vela has no {name} '{value}'{where}.{_nearest(value, known)}")


def _nearest(value: str, known: tuple[str, ...]) -> str:
    nearest = difflib.get_close_matches(value, known, 1)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return f"{hint} Available: {', '.join(known) or 'none'}."


def _arena_bytes(given: str | None) -> int | None:
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or int(given) == 0:
        raise InputError(f"arena-cache-size '{given}' is not a positive number of bytes (384 KiB is 393216).")
    return int(given)
