"""How the names of the TFLite schema and those of the graph correspond."""

from __future__ import annotations

import functools
import re
from typing import Any

from npufit.graph import ElementType


def schema() -> Any:
    """Return the generated schema module; imported late because it takes a tenth of a second."""
    from ai_edge_litert import schema_py_generated  # pyright: ignore[reportMissingTypeStubs]

    return schema_py_generated


@functools.cache
def operator_types() -> dict[int, str]:
    """Return the name of every builtin operator code."""
    return constants(schema().BuiltinOperator)


@functools.cache
def operator_codes() -> dict[str, int]:
    """Return the code of every builtin operator name."""
    return {name: code for code, name in operator_types().items()}


@functools.cache
def element_types() -> dict[int, ElementType]:
    """Return the element type of every code of the schema that the graph knows."""
    known = {element.value: element for element in ElementType}
    return {code: known[name.lower()] for code, name in constants(schema().TensorType).items() if name.lower() in known}


@functools.cache
def element_codes() -> dict[ElementType, int]:
    """Return the schema's code of every element type."""
    return {element: code for code, element in element_types().items()}


def camel_case(name: str) -> str:
    """Return a snake-case name in the camel case of the generated classes."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def snake_case(name: str) -> str:
    """Return a camel-case name of the generated classes in snake case."""
    return re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), name)


def constants(enum: Any) -> dict[int, str]:
    """Return the names of the values of a generated enum, which is a class with integer attributes."""
    members: dict[str, object] = dict(enum.__dict__)
    return {value: name for name, value in members.items() if isinstance(value, int) and not name.startswith("_")}
