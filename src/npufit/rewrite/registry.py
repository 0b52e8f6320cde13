"""All passes, and how users write them: `NAME` or `NAME:OPTION=VALUE,OPTION=VALUE`."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from npufit.errors import InputError
from npufit.rewrite.rewrite_pass import Pass

_PASSES = {
    "remove-dead": "dead:RemoveDead",
    "cancel-transposes": "transposes:CancelTransposes",
    "clean-reshapes": "reshapes:CleanReshapes",
    "fix-batch": "batch:FixBatch",
    "fold-pad": "padding:FoldPad",
    "fuse-activations": "activations:FuseActivations",
    "unfuse-activations": "activations:UnfuseActivations",
    "rearrange-additions": "additions:RearrangeAdditions",
    "mean-to-convolution": "pooling:MeanToConvolution",
    "join-axis": "joining:JoinAxis",
    "break-escape": "escapes:BreakEscape",
    "unused-stride": "strides:UnusedStride",
    "vector-gather": "gathering:VectorGather",
    "tile-spatial": "tiling:TileSpatial",
    "to-int8": "signedness:ToInt8",
    "to-uint8": "signedness:ToUint8",
    "relu6-range": "ranges:Relu6Range",
    "per-tensor": "scales:PerTensor",
    "substitute": "substitutes:Substitute",
    "quantize": "quantizing:Quantize",
}
"""Every pass by name, in the order in which a search tries them; a module is imported when its pass is needed."""

_FORMER_NAMES = {"refuse-activations": "fuse-activations"}
"""Names that passes had in the last release, by which recipes and scripts still find them."""

_TRUE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def pass_names() -> tuple[str, ...]:
    """Return the names of all passes, in the order in which a search tries them."""
    return tuple(_PASSES)


def load_pass(name: str) -> type[Pass]:
    """Return the pass called `name`, now or formerly. Raises InputError with the nearest names if there is none."""
    name = _FORMER_NAMES.get(name, name)
    if name not in _PASSES:
        near = difflib.get_close_matches(name, _PASSES, n=3, cutoff=0.4)
        raise InputError(f"there is no pass '{name}'. Did you mean {' or '.join(near)}?" if near else _known(name))
    module, _, class_name = _PASSES[name].partition(":")
    return getattr(importlib.import_module(f"npufit.rewrite.passes.{module}"), class_name)


def _known(name: str) -> str:
    return f"there is no pass '{name}'. Known: {', '.join(_PASSES)}."


def parse_pass(text: str) -> Pass:
    """Return the pass that `text` names, with its options. Raises InputError for unreadable text."""
    name, _, options = text.partition(":")
    given: dict[str, str] = {}
    for entry in filter(None, options.split(",")):
        key, equals, value = entry.partition("=")
        if not equals:
            raise InputError(f"cannot read option '{entry}' of {name}. Write {name}:OPTION=VALUE.")
        given[key.strip()] = value.strip()
    return make_pass(name.strip(), given)


def make_pass(name: str, options: Mapping[str, Any]) -> Pass:
    """Return the pass called `name` with `options` by the names of its fields, as text or as values."""
    pass_type = load_pass(name)
    types = get_type_hints(pass_type)
    known = {field.name: types[field.name] for field in fields(pass_type)}
    values: dict[str, Any] = {}
    for key, value in options.items():
        field = key.replace("-", "_")
        if field not in known:
            names = ", ".join(name.replace("_", "-") for name in known) or "none"
            raise InputError(f"{name} has no option '{key}'. It has: {names}.")
        values[field] = _value(name, key, known[field], value)
    return pass_type(**values)


def _value(name: str, key: str, wanted: Any, given: Any) -> Any:
    try:
        if wanted is bool:
            return given if isinstance(given, bool) else _TRUE[str(given).lower()]
        if wanted in (int, float, str):
            return wanted(given)
        if wanted == int | None:
            return None if given in (None, "", "none") else int(given)
        if wanted == tuple[str, ...]:
            return tuple(given.split("+")) if isinstance(given, str) else tuple(map(str, given))
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{name}: '{given}' is not a valid value for the option {key}.") from None
    return given
