"""Reading chip files.

A user's file is checked against the form in `_schema` when it is read (`parse_chip`). The packaged files are checked by
tests instead of on every run: pydantic takes a tenth of the time that a compiler needs for a small network.
"""

from __future__ import annotations

import difflib
import functools
import tomllib
from importlib import resources
from types import MappingProxyType
from typing import Any

from npufit.chips.chip import Chip, CpuCluster, Fact, Memory, Npu
from npufit.errors import InputError, InternalError

_PACKAGE = "npufit.chips"
_SUFFIX = ".toml"
_Table = dict[str, Any]


@functools.cache
def chip_names() -> tuple[str, ...]:
    """Return the names of all chips that npufit knows, sorted."""
    files = resources.files(_PACKAGE).iterdir()
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in files if file.name.endswith(_SUFFIX)))


@functools.cache
def load_chip(name: str) -> Chip:
    """Return the chip called `name`. Raises InputError, with the nearest name, if there is none."""
    if name not in chip_names():
        nearest = difflib.get_close_matches(name.lower(), chip_names(), 1)
        hint = f"Did you mean '{nearest[0]}'? " if nearest else ""
        raise InputError(f"Unknown chip '{name}'. {hint}Known chips: {', '.join(chip_names())}.")
    try:
        return _chip(name, tomllib.loads(packaged_text(name)))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InternalError(f"The chip file '{name}' of this installation is broken: {error}.") from None


def packaged_text(name: str) -> str:
    """Return the text of the packaged file of the chip called `name`, one of `chip_names`."""
    return (resources.files(_PACKAGE) / (name + _SUFFIX)).read_text("utf-8")


def parse_chip(name: str, text: str) -> Chip:
    """Return the chip that the TOML in `text` describes. Raises InputError listing everything that is wrong with it."""
    from pydantic import ValidationError

    from npufit.chips._schema import ChipForm

    try:
        table = tomllib.loads(text)
        ChipForm.model_validate(table)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"Chip file '{name}': not TOML: {error}.") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(step) for step in problem['loc']) or 'file'}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise InputError(f"Chip file '{name}': {problems}.") from None
    return _chip(name, table)


def _chip(name: str, table: _Table) -> Chip:
    npu = table["npu"]
    stacks: dict[str, dict[str, _Table]] = table.get("stacks", {})
    return Chip(
        name=name,
        title=table["title"],
        cpu=tuple(
            CpuCluster(_fact(cluster["kind"]), _fact(cluster["cores"]), _optional(cluster, "clock"))
            for cluster in table["cpu"]
        ),
        npu=Npu(
            name=_fact(npu["name"]),
            cores=_optional(npu, "cores"),
            macs_per_cycle=_optional(npu, "macs_per_cycle"),
            clock=_optional(npu, "clock"),
            peak=_optional(npu, "peak"),
        ),
        memories=tuple(Memory(memory["name"], _fact(memory["size"])) for memory in table.get("memory", [])),
        stacks=MappingProxyType(
            {
                stack: MappingProxyType({setting: _fact(fact) for setting, fact in settings.items()})
                for stack, settings in stacks.items()
            }
        ),
        missing=tuple(table.get("missing", [])),
    )


def _fact(table: _Table) -> Fact:
    return Fact(table["value"], table.get("unit"), table["source"])


def _optional(table: _Table, key: str) -> Fact | None:
    return _fact(table[key]) if key in table else None
