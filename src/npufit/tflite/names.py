"""The mapping between names of the TFLite schema and of the graph."""

from __future__ import annotations

import functools
from typing import Any

from npufit.graph import ElementType
from npufit.tflite.flatbuffer import schema


def schema_classes() -> Any:
    """Return LiteRT's generated classes for writing files; imported late because they take a tenth of a second."""
    from ai_edge_litert import schema_py_generated  # pyright: ignore[reportMissingTypeStubs]

    return schema_py_generated


@functools.cache
def operator_types() -> dict[int, str]:
    """Return the name of every builtin operator code."""
    return {code: name for name, code in operator_codes().items()}


@functools.cache
def operator_codes() -> dict[str, int]:
    """Return the code of every builtin operator name."""
    return dict(schema()[1]["BuiltinOperator"])


@functools.cache
def element_types() -> dict[int, ElementType]:
    """Return the element type for every schema code that the graph knows."""
    known = {element.value: element for element in ElementType}
    return {code: known[name.lower()] for name, code in schema()[1]["TensorType"].items() if name.lower() in known}


@functools.cache
def element_codes() -> dict[ElementType, int]:
    """Return the schema's code of every element type."""
    return {element: code for code, element in element_types().items()}


def camel_case(name: str) -> str:
    """Return a snake-case name in the camel case of the generated classes."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
