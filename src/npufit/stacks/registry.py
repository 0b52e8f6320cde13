"""All stacks, and the meaning of target names. A stack is imported when it is needed."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from npufit.chips import chip_names, chips_of, load_chip
from npufit.errors import InputError
from npufit.formatting import printable
from npufit.stacks.former_ids import current_id
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import Compiles, LoadsLibraries, PlaceOptions, Preparable, RunsExecutables, Stack, UsesTools
from npufit.stacks.target import Target, TargetInfo

if TYPE_CHECKING:
    from npufit.graph import Model
    from npufit.stacks.placement import Placement
    from npufit.vdevice import Library

PROBED = "probed"
"""The stack that places by the limits of a probe. It belongs to no chip."""

_FOLDERS = {
    "teflon": "npufit.stacks.teflon",
    "vela": "npufit.stacks.vela",
    "direct": "npufit.stacks.direct",
    "neutron": "npufit.stacks.neutron",
    "vx": "npufit.stacks.vx",
    PROBED: "npufit.stacks.probed",
}


_COMPILING = ("vela", "direct")
"""The stacks that are `Compiles`, known without importing them."""


def stack_names() -> tuple[str, ...]:
    """Return the names of all stacks."""
    return tuple(_FOLDERS)


def load_stack(name: str) -> Stack:
    """Return the stack called `name`, one of `stack_names`."""
    return importlib.import_module(_FOLDERS[name]).STACK


def place(model: Model, target: Target, options: PlaceOptions) -> Placement:
    """Return where every operator of `model` runs on `target`: by the limits of a probe if `options` has some.

    Raises InputError and ToolError.
    """
    return _deciding_stack(target, options).place(model, target, options)


def prepare_stack(target: Target, options: PlaceOptions) -> None:
    """Let the stack of `target` start whatever its next placement needs for any model."""
    stack = _deciding_stack(target, options)
    if isinstance(stack, Preparable):
        stack.prepare(target, options)


def identify_tools(target: Target, options: PlaceOptions) -> tuple[str, ...]:
    """Return what tells the programs and files that place for `target` from others; empty if there are none."""
    stack = _deciding_stack(target, options)
    return stack.identify_tools(target, options) if isinstance(stack, UsesTools) else ()


def compiling_stack(target: Target) -> Compiles | None:
    """Return the stack of `target` if npufit can execute what it compiles, otherwise None."""
    stack = load_stack(target.stack) if has_compiler(target.stack) else None
    return stack if isinstance(stack, Compiles) else None


def has_compiler(name: str) -> bool:
    """Return whether the stack called `name` compiles, so that it is `Compiles`, without importing it."""
    return name in _COMPILING


def stacks_on_the_same_driver(target: Target) -> tuple[str, ...]:
    """Return the names of the chip's other stacks that use the kernel driver of `target`."""
    if not has_known_chip(target):
        return ()
    drivers = {
        name: facts["driver"].value for name, facts in load_chip(target.chip).stacks.items() if "driver" in facts
    }
    own = drivers.pop(target.stack, None)
    return tuple(name for name, driver in drivers.items() if driver == own)


def has_known_chip(target: Target) -> bool:
    """Return whether the chip of `target` is one of npufit's or the user's: rules of a probe may be of no known one."""
    return target.stack != PROBED


def loads_libraries(target: Target) -> bool:
    """Return whether the stack of `target` is a library, which a virtual device can run here."""
    return isinstance(load_stack(target.stack), LoadsLibraries)


def require_library_target(targets: Iterable[Target], library: Library | None) -> None:
    """Raise InputError if a library is given, but none of `targets` is of a stack that loads one."""
    if library is not None and not any(map(loads_libraries, targets)):
        raise InputError(
            f"--library {library.name}: no target loads a library. Give one of Teflon's, such as -t imx93/teflon@25.3."
        )


def all_targets() -> tuple[TargetInfo, ...]:
    """Return every chip with every stack that it runs: in the order of the stacks, the strongest evidence first.

    Raises InputError if one of the user's chip files is wrong.
    """
    for chip in chip_names():
        _require_known_stacks(chip)
    return tuple(info for name in _FOLDERS for info in _targets_of(name))


def all_rules() -> tuple[Rule, ...]:
    """Return every rule and hazard of every stack."""
    return tuple(rule for name in _FOLDERS for rule in load_stack(name).rules())


def find_rule(rule_id: str) -> Rule:
    """Return the rule called `rule_id`, now or formerly, in upper or lower case.

    Raises InputError with the nearest names.
    """
    rules = {rule.id.lower(): rule for rule in all_rules()}
    found = rules.get(current_id(rule_id).lower())
    if found is None:
        raise InputError(f"there is no rule '{rule_id}'. {_suggest(rule_id, [rule.id for rule in rules.values()])}")
    return found


def resolve_target(text: str, executable: str | None = None, library: Library | None = None) -> Target:
    """Return the target that `text` names: `chip/stack` or `chip/stack@version`.

    Without a version it is the newest known release, or that of `executable` or `library` if the stack can run it; a
    point release belongs to its series (26.1.6 to 26.1). Raises InputError with the nearest names.
    """
    if text.endswith(".toml"):
        raise InputError(
            f"'{printable(text)}' is a file. Here the target itself is needed: CHIP/STACK or CHIP/STACK@VERSION."
        )
    chip, slash, rest = text.strip().partition("/")
    stack_name, _, version = rest.partition("@")
    if not slash or stack_name not in _FOLDERS:
        raise InputError(f"unknown target '{text}'. {_suggest(text, _spellings())}")
    if chip not in chip_names() or not load_chip(chip).stack_settings(stack_name):
        raise InputError(f"unknown target '{text}'. {_suggest(text, _spellings())}")
    _require_known_stacks(chip)
    stack = load_stack(stack_name)
    info = stack.describe(chip)
    if not version and executable is not None and isinstance(stack, RunsExecutables):
        return Target(chip, stack_name, stack.version_of(executable))
    if not version and library is not None and isinstance(stack, LoadsLibraries):
        return Target(chip, stack_name, stack.version_of_library(library) or info.default_version)
    if not version:
        return Target(chip, stack_name, info.default_version)
    resolved = stack.resolve_version(version)
    if resolved is None:
        known = f"Known: {', '.join(info.versions)}" if info.versions else "Omit the version"
        raise InputError(f"{chip}/{stack_name} has no version '{version}'. {known}.")
    return Target(chip, stack_name, resolved)


def _deciding_stack(target: Target, options: PlaceOptions) -> Stack:
    return load_stack(target.stack if options.probed is None else PROBED)


def _targets_of(stack: str) -> list[TargetInfo]:
    found = [load_stack(stack).describe(chip) for chip in chips_of(stack)]
    return sorted(found, key=lambda info: list(Evidence).index(info.evidence))


def _require_known_stacks(chip: str) -> None:
    for stack in load_chip(chip).stacks:
        if stack not in _FOLDERS:
            raise InputError(f"Chip file '{chip}': there is no stack '{stack}'. {_suggest(stack, list(_FOLDERS))}")


def _spellings() -> list[str]:
    return [f"{info.chip}/{info.stack}" for info in all_targets()]


def _suggest(text: str, names: list[str]) -> str:
    near = difflib.get_close_matches(text.partition("@")[0], names, n=3, cutoff=0.5)
    near = near or [name for name in names if text and name.startswith(text)]
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"Known: {', '.join(names)}."
