"""A rule file: the limits of a converter as TOML, written once, and read as the file of a stranger."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from npufit.errors import InputError
from npufit.files import read_bounded
from npufit.formatting import printable, shorten
from npufit.stacks.probed.graph_quantities import GRAPH_QUANTITIES
from npufit.stacks.probed.limit import Condition, GroupLimit, Limit, Relation
from npufit.stacks.probed.probed_rules import ProbedRules
from npufit.stacks.probed.quantities import is_known

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORM = 1
_FORM_KEY = "probe_form"
_MOST_BYTES = 4 << 20
_LONGEST = 500
_MOST = 1 << 53
_MOST_PROBLEMS = 5
_EXPECTED = "Expected a rule file that `npufit probe --rules FILE` wrote"
_MARK = re.compile(rb"^probe_form\s*=", re.MULTILINE)


def is_rule_file(path: Path) -> bool:
    """Return whether the file at `path` is marked as a rule file. Raises InputError if it cannot be read."""
    return _MARK.search(read_bounded(path, _MOST_BYTES, "Give a file that npufit wrote.")) is not None


def rule_text(known: ProbedRules) -> str:
    """Return `known` as the text of its file: the same rules give the same text."""
    return "\n".join(_lines(known)) + "\n"


def read_rules(path: Path) -> ProbedRules:
    """Return the rules in the file at `path`, under its name. Raises InputError with what is wrong with it."""
    from pydantic import ValidationError

    name = printable(path.name)
    data = read_bounded(path, _MOST_BYTES, "Give a file that `npufit probe --rules FILE` wrote.")
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: not TOML: {shorten(str(error), 200)}. {_EXPECTED}.") from None
    version = content.pop(_FORM_KEY, None)
    if version != FORM:
        newer = isinstance(version, int) and version > FORM
        hint = "Update npufit: the file is of a newer form" if newer else _EXPECTED
        raise InputError(f"{name}: {_FORM_KEY} is {shorten(repr(version), 40)}, expected {FORM}. {hint}.")
    problem = _unsound(content, "")
    if problem:
        raise InputError(f"{name}: {problem}. {_EXPECTED}.")
    try:
        known = _form().validate_json(json.dumps(_with_nulls(content)))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        words = [f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in found[:_MOST_PROBLEMS]]
        raise InputError(f"{name}: {shorten('; '.join(words), 600)}. {_EXPECTED}.") from None
    problem = next(_contradictions(known), "")
    if problem:
        raise InputError(f"{name}: {problem}. {_EXPECTED}.")
    return replace(known, name=name)


def _with_nulls(content: dict[str, Any]) -> dict[str, Any]:
    """Return `content` with null for the values that TOML cannot spell."""
    tables = {"limits": {"limit": None}, "groups": {"next_refused": None}}
    return content | {
        name: [{**missing, **entry} if isinstance(entry, dict) else entry for entry in content[name]]
        for name, missing in tables.items()
        if isinstance(content.get(name), list)
    }


@cache
def _form() -> TypeAdapter[ProbedRules]:
    from pydantic import TypeAdapter

    return TypeAdapter(ProbedRules)


def _lines(known: ProbedRules) -> Iterator[str]:
    yield "# Written by `npufit probe`; give it to npufit as a target: -t FILE"
    yield f"{_FORM_KEY} = {FORM}"
    tables: list[tuple[str, Sequence[Any]]] = []
    for name, value in _said(known):
        if isinstance(value, tuple) and any(map(is_dataclass, cast("tuple[Any, ...]", value))):
            tables.append((name, cast("tuple[Any, ...]", value)))
        else:
            yield f"{name} = {_toml(value)}"
    for name, entries in tables:
        for entry in entries:
            yield ""
            yield f"[[{name}]]"
            yield from (f"{key} = {_toml(value)}" for key, value in _said(entry))


def _said(entry: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of `entry` by name, without those that have their default value."""
    for field in fields(entry):
        value = getattr(entry, field.name)
        if value is not None and value != field.default:
            yield field.name, value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(shorten(str(value), _LONGEST), ensure_ascii=False)
    if isinstance(value, tuple):
        entries = [_toml(entry) for entry in cast("tuple[Any, ...]", value)]
        if any(map(is_dataclass, cast("tuple[Any, ...]", value))):
            return "\n    ".join(["[", *(f"{entry}," for entry in entries)]) + "\n]"
        return f"[{', '.join(entries)}]"
    return f"{{ {', '.join(f'{key} = {_toml(entry)}' for key, entry in _said(value))} }}"


def _unsound(value: Any, place: str) -> str:
    """Return what is wrong with the plain content of a file beside its form; empty if nothing is."""
    if isinstance(value, str):
        if len(value) > _LONGEST:
            return f"{shorten(place, 80)} has {len(value)} letters, more than {_LONGEST}"
        return "" if value.isprintable() else f"{shorten(place, 80)} has letters that cannot be printed"
    if isinstance(value, int):
        return f"{shorten(place, 80)} is too large" if abs(value) > _MOST else ""
    if isinstance(value, Mapping):
        entries = [(f"{place}.{key}".lstrip("."), entry) for key, entry in cast("Mapping[str, Any]", value).items()]
    elif isinstance(value, list):
        entries = [(place, entry) for entry in cast("list[Any]", value)]
    else:
        return f"{shorten(place, 80)} is no text, whole number, list or table"
    return next((found for where, entry in entries if (found := _unsound(entry, where))), "")


def _contradictions(known: ProbedRules) -> Iterator[str]:
    """Yield what is wrong with limits that have the right form."""
    for limit in known.limits:
        yield from _of_relation(limit, f"the limit of {limit.operator} on {limit.quantity}")
        for condition in limit.when:
            yield from _of_relation(condition, f"a condition of {limit.operator} on {condition.quantity}")
    for group in known.groups:
        yield from _of_group(group)
    for entry in known.operators:
        for asked in entry.ranges:
            if not is_known(asked.quantity):
                yield _unknown(asked.quantity, f"a range of {entry.operator}")
            if (asked.least is None) != (asked.most is None):
                yield f"the range of {entry.operator} on {asked.quantity} has one end"


def _of_relation(entry: Limit | Condition, place: str) -> Iterator[str]:
    if not is_known(entry.quantity):
        yield _unknown(entry.quantity, place)
    is_set = entry.relation in (Relation.ONE_OF, Relation.NONE_OF)
    if is_set is (entry.limit is not None):
        yield f"{place} is {entry.relation}, which takes {'values' if is_set else 'a limit'}"
    if entry.relation is Relation.MULTIPLE_OF and not entry.limit:
        yield f"{place} is a multiple of 0"


def _of_group(group: GroupLimit) -> Iterator[str]:
    if group.quantity not in GRAPH_QUANTITIES:
        yield _unknown(group.quantity, "a limit on groups")


def _unknown(quantity: str, place: str) -> str:
    return f"{shorten(place, 80)}: there is no quantity '{shorten(quantity, 60)}'"
