"""Options tables of the schema to the options of the graph and back.

Tables with a class in the graph become that class; all others keep their fields unchanged.
"""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from npufit.errors import InternalError
from npufit.graph import Options, OptionValue, OtherOptions
from npufit.tflite.flatbuffer import Table, schema
from npufit.tflite.names import camel_case, schema_classes

UNIONS = {1: "builtin_options", 2: "builtin_options2"}
"""The fields of an operator that contain its options, by number of the union."""


def unpack_options(union: int, code: int, operator: Table, spend: Callable[[int], None]) -> Options:
    """Return the options of `operator`, which `code` names in union 1 (BuiltinOptions) or 2 (BuiltinOptions2).

    `spend` receives the length of every vector and string. Raises ValueError if the union or an enum in the table has
    no such value.
    """
    name = _tables()[union].get(code)
    if name is None:
        raise ValueError(f"unknown options type {code}")
    table = operator.union(UNIONS[union], name)
    assert table is not None, "the caller looked"
    typed = _CLASSES.get(name)
    if typed is None:
        return OtherOptions(name, tuple((field, _value(table, field, spend)) for field in table.fields))
    values: dict[str, Any] = {}
    for field, enum in _fields(typed):
        value = _value(table, field, spend)
        values[field] = value if enum is None else enum(value)
    return typed(**values)


def pack_options(options: Options) -> tuple[int, int, Any]:
    """Return the union (1 or 2) that holds `options`, the code there, and the schema's object."""
    if isinstance(options, OtherOptions):
        name = options.table
        values: dict[str, OptionValue] = {camel_case(field): value for field, value in options.fields}
    else:
        name = type(options).__name__
        values = {camel_case(field): getattr(options, field) for field, _ in _fields(type(options))}
    packed = getattr(schema_classes(), name + "T")()
    for key, value in values.items():
        if not hasattr(packed, key):
            raise InternalError(f"the schema's {name} has no field {key}")
        setattr(packed, key, [*value] if isinstance(value, tuple) else value)
    union, code = _codes()[name]
    return union, code, packed


_CLASSES: dict[str, type[Any]] = {
    option.__name__: option for option in typing.get_args(Options) if option is not OtherOptions
}


@functools.cache
def _tables() -> dict[int, dict[int, str]]:
    """Return the table that each code of each union names."""
    enums = schema()[1]
    unions = {1: enums["BuiltinOptions"], 2: enums["BuiltinOptions2"]}
    return {number: {code: name for name, code in codes.items() if code} for number, codes in unions.items()}


@functools.cache
def _codes() -> dict[str, tuple[int, int]]:
    return {name: (union, code) for union in (2, 1) for code, name in _tables()[union].items()}


@functools.cache
def _fields(option: type[Any]) -> tuple[tuple[str, type[IntEnum] | None], ...]:
    """Return the fields of a typed option, each with its enum if it has one."""
    hints = typing.get_type_hints(option)
    return tuple((field.name, _enum_of(hints[field.name])) for field in dataclasses.fields(option))


def _enum_of(hint: Any) -> type[IntEnum] | None:
    return hint if isinstance(hint, type) and issubclass(hint, IntEnum) else None


def _value(table: Table, field: str, spend: Callable[[int], None]) -> OptionValue:
    kind = table.fields[field].kind
    if kind not in ("text", "vector"):
        return table.number(field)
    if not table.has(field):
        return None
    if kind == "text":
        text = table.text(field) or b""
        spend(len(text))
        return text
    spend(table.length(field))
    return table.numbers(field)
