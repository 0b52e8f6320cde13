"""How NXP's converter calls a chip."""

from __future__ import annotations

from npufit.chips import load_chip
from npufit.errors import InputError


def converter_target(chip: str) -> str:
    """Return what the converter's `--target` is for `chip`. Raises InputError if its file does not name it."""
    fact = load_chip(chip).stack_settings("neutron").get("converter-target")
    if fact is None:
        raise InputError(f"Chip file '{chip}': [stacks.neutron] needs a converter-target, the converter's --target.")
    return str(fact.value)
