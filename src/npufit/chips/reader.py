"""Chip files to chips."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from npufit.chips.chip import Chip, CpuCluster, Fact, Memory, Npu
from npufit.errors import InputError, InternalError

if TYPE_CHECKING:
    from npufit.chips._schema import ChipForm, FactForm

_PACKAGE = "npufit.chips"
_SUFFIX = ".toml"


@functools.cache
def chip_names() -> tuple[str, ...]:
    """Return the names of all chips that npufit knows, sorted."""
    files = resources.files(_PACKAGE).iterdir()
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in files if file.name.endswith(_SUFFIX)))


@functools.cache
def load_chip(name: str) -> Chip:
    """Return the chip called `name`. Raises InputError where there is none, with the nearest name."""
    if name not in chip_names():
        nearest = difflib.get_close_matches(name.lower(), chip_names(), 1)
        hint = f"Did you mean '{nearest[0]}'? " if nearest else ""
        raise InputError(f"Unknown chip '{name}'. {hint}Known chips: {', '.join(chip_names())}.")
    text = (resources.files(_PACKAGE) / (name + _SUFFIX)).read_text("utf-8")
    try:
        return parse_chip(name, text)
    except InputError as error:
        raise InternalError(f"A chip file of this installation is broken. {error} Install npufit again.") from None


def parse_chip(name: str, text: str) -> Chip:
    """Return the chip that the TOML in `text` describes. Raises InputError with everything that is wrong with it."""
    from pydantic import ValidationError

    from npufit.chips._schema import ChipForm

    try:
        form = ChipForm.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"Chip file '{name}': not TOML: {error}.") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(step) for step in problem['loc']) or 'file'}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise InputError(f"Chip file '{name}': {problems}.") from None
    return _chip(name, form)


def _chip(name: str, form: ChipForm) -> Chip:
    return Chip(
        name=name,
        title=form.title,
        cpu=tuple(
            CpuCluster(_fact(cluster.kind), _fact(cluster.cores), _optional(cluster.clock)) for cluster in form.cpu
        ),
        npu=Npu(
            name=_fact(form.npu.name),
            cores=_optional(form.npu.cores),
            macs_per_cycle=_optional(form.npu.macs_per_cycle),
            clock=_optional(form.npu.clock),
            peak=_optional(form.npu.peak),
        ),
        memories=tuple(Memory(memory.name, _fact(memory.size)) for memory in form.memory),
        stacks=MappingProxyType({stack: _facts(settings) for stack, settings in form.stacks.items()}),
        missing=tuple(form.missing),
    )


def _facts(settings: dict[str, FactForm]) -> Mapping[str, Fact]:
    return MappingProxyType({name: _fact(fact) for name, fact in settings.items()})


def _fact(form: FactForm) -> Fact:
    return Fact(form.value, form.unit, form.source)


def _optional(form: FactForm | None) -> Fact | None:
    return None if form is None else _fact(form)
