"""Options tables of the schema to the options of the graph and back.

Tables that the graph has a class for become that class; all others keep their fields as they are.
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
from npufit.tflite.names import camel_case, constants, schema, snake_case


def unpack_options(union: int, code: int, table: Any, spend: Callable[[int], None]) -> Options:
    """Return the options in `table`, which `code` names in union 1 (BuiltinOptions) or 2 (BuiltinOptions2).

    `spend` is told the length of every vector and string. Raises ValueError where the union or an enum in the
    table has no such value.
    """
    name = _tables()[union].get(code)
    if name is None:
        raise ValueError(f"unknown options type {code}")
    found = getattr(schema(), name + "T").InitFromBuf(table.Bytes, table.Pos)
    typed = _CLASSES.get(name)
    if typed is None:
        members: dict[str, Any] = found.__dict__
        return OtherOptions(name, tuple((snake_case(key), _value(value, spend)) for key, value in members.items()))
    values: dict[str, Any] = {}
    for field, key, enum in _fields(typed):
        value = _value(getattr(found, key), spend)
        values[field] = value if enum is None else enum(value)
    return typed(**values)


def pack_options(options: Options) -> tuple[int, int, Any]:
    """Return the union (1 or 2) that holds `options`, the code there, and the schema's object."""
    if isinstance(options, OtherOptions):
        name = options.table
        values: dict[str, OptionValue] = {camel_case(field): value for field, value in options.fields}
    else:
        name = type(options).__name__
        values = {key: getattr(options, field) for field, key, _ in _fields(type(options))}
    packed = getattr(schema(), name + "T")()
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
    unions = {1: schema().BuiltinOptions, 2: schema().BuiltinOptions2}
    names = {number: constants(union) for number, union in unions.items()}
    return {number: {code: name for code, name in codes.items() if code} for number, codes in names.items()}


@functools.cache
def _codes() -> dict[str, tuple[int, int]]:
    return {name: (union, code) for union in (2, 1) for code, name in _tables()[union].items()}


@functools.cache
def _fields(option: type[Any]) -> tuple[tuple[str, str, type[IntEnum] | None], ...]:
    """Return each field of a typed option, its name in the schema and its enum; not those an older schema lacks."""
    hints = typing.get_type_hints(option)
    known = getattr(schema(), option.__name__ + "T")().__dict__
    names = {field.name: camel_case(field.name) for field in dataclasses.fields(option)}
    return tuple((name, key, _enum_of(hints[name])) for name, key in names.items() if key in known)


def _enum_of(hint: Any) -> type[IntEnum] | None:
    return hint if isinstance(hint, type) and issubclass(hint, IntEnum) else None


def _value(value: Any, spend: Callable[[int], None]) -> OptionValue:
    if value is None or isinstance(value, (int, float, bool)):
        return value
    spend(len(value))
    return value if isinstance(value, bytes) else tuple(value.tolist())
