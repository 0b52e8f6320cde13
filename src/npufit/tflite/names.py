"""How the names of the TFLite schema and those of the graph correspond."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing
from enum import IntEnum
from typing import Any

from npufit.graph import ElementType, Options, OtherOptions


def schema() -> Any:
    """Return the generated schema module; imported late because it takes a tenth of a second."""
    from ai_edge_litert import schema_py_generated  # pyright: ignore[reportMissingTypeStubs]

    return schema_py_generated


@functools.cache
def operator_types() -> dict[int, str]:
    """Return the name of every builtin operator code."""
    return _constants(schema().BuiltinOperator)


@functools.cache
def operator_codes() -> dict[str, int]:
    """Return the code of every builtin operator name."""
    return {name: code for code, name in operator_types().items()}


@functools.cache
def element_types() -> dict[int, ElementType]:
    """Return the element type of every code of the schema that the graph knows."""
    known = {element.value: element for element in ElementType}
    return {
        code: known[name.lower()]
        for code, name in _constants(schema().TensorType).items()
        if name.lower() in known
    }


@functools.cache
def element_codes() -> dict[ElementType, int]:
    """Return the schema's code of every element type."""
    return {element: code for code, element in element_types().items()}


@functools.cache
def option_codes() -> dict[str, tuple[int, int]]:
    """Return for every options table which union holds it (1 or 2) and its code in that union."""
    codes: dict[str, tuple[int, int]] = {}
    for union, number in ((schema().BuiltinOptions2, 2), (schema().BuiltinOptions, 1)):
        codes.update({name: (number, code) for code, name in _constants(union).items() if code})
    return codes


OPTION_CLASSES: dict[str, type[Any]] = {
    option.__name__: option for option in typing.get_args(Options) if option is not OtherOptions
}
"""The typed options of the graph by the name of their table in the schema."""


@functools.cache
def option_fields(option: type[Any]) -> tuple[tuple[str, str, type[IntEnum] | None], ...]:
    """Return for each field of a typed option its name, its name in the schema and its enum, if it has one."""
    hints = typing.get_type_hints(option)
    return tuple(
        (field.name, camel_case(field.name), _enum_of(hints[field.name]))
        for field in dataclasses.fields(option)
    )


def camel_case(name: str) -> str:
    """Return a snake-case name in the camel case of the generated classes."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def snake_case(name: str) -> str:
    """Return a camel-case name of the generated classes in snake case."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _enum_of(hint: Any) -> type[IntEnum] | None:
    return hint if isinstance(hint, type) and issubclass(hint, IntEnum) else None


def _constants(enum: Any) -> dict[int, str]:
    return {
        value: name
        for name, value in vars(enum).items()
        if isinstance(value, int) and not name.startswith("_")
    }
