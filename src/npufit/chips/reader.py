"""Reading chip files.

A file that a user brings is checked against the form in `_schema`. The packaged ones are read from `packaged.json`,
which has the same content and is checked by the tests: pydantic takes a tenth of the time that a compiler needs for a
small network, and the TOML reader of the standard library a fiftieth.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from npufit.chips.chip import Chip, CpuCluster, Fact, Memory, Npu, Recognition
from npufit.errors import InputError
from npufit.formatting import shorten

_MOST_PROBLEMS = 8
_Table = dict[str, Any]


def parse_chip(name: str, text: str) -> Chip:
    """Return the chip that the TOML in `text` describes. Raises InputError with everything that is wrong with it."""
    return make_chip(name, parse_table(name, text))


def parse_table(name: str, text: str) -> _Table:
    """Return the TOML in `text` as data in the form of a chip. Raises InputError with everything that is wrong."""
    import tomllib

    from pydantic import ValidationError

    from npufit.chips._schema import ChipForm

    try:
        table = tomllib.loads(text)
        ChipForm.model_validate(table)
    except ValidationError as error:
        found = [
            f"{shorten('.'.join(str(step) for step in problem['loc']) or 'file')}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        more = f"; and {len(found) - _MOST_PROBLEMS} more" if len(found) > _MOST_PROBLEMS else ""
        raise InputError(f"Chip file '{name}': {'; '.join(found[:_MOST_PROBLEMS])}{more}.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"Chip file '{name}': not TOML: {shorten(str(error))}.") from None
    return table


def make_chip(name: str, table: _Table) -> Chip:
    """Return the chip called `name` that `table`, which has the form of a chip, describes."""
    npu = table["npu"]
    stacks: dict[str, dict[str, _Table]] = table.get("stacks", {})
    recognition: dict[str, list[_Table]] = table.get("recognition", {})
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
        stacks=MappingProxyType({stack: _facts(settings) for stack, settings in stacks.items()}),
        device=_facts(table.get("device", {})),
        cpu_times=_facts(table.get("cpu_times", {})),
        measured_as=table.get("measured_as", ""),
        missing=tuple(table.get("missing", [])),
        recognition=Recognition(
            compatible=tuple(map(_fact, recognition.get("compatible", []))),
            soc=tuple(map(_fact, recognition.get("soc", []))),
        ),
    )


def _facts(tables: dict[str, _Table]) -> MappingProxyType[str, Fact]:
    return MappingProxyType({name: _fact(table) for name, table in tables.items()})


def _fact(table: _Table) -> Fact:
    return Fact(table["value"], table.get("unit"), table["source"])


def _optional(table: _Table, key: str) -> Fact | None:
    return _fact(table[key]) if key in table else None
