"""What a measurement never says: whose board it is, and where it stands.

Every text of a measurement passes through here before it is written. Texts that npufit itself chooses, and names that
the model gives, are listed in `_OWN_WORDS`; all others are taken for words of the board.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from ipaddress import ip_address
from typing import Any, TypeVar, cast

from npufit.formatting import shorten
from npufit.measurements.identity import without_addresses, without_identity, without_names
from npufit.measurements.measurement import (
    ComparedTensor,
    MeasuredBoard,
    MeasuredModel,
    MeasuredSoftware,
    Measurement,
    OperatorMeasurement,
    OutputComparison,
    RunSettings,
    UsedFile,
)

LONGEST_TEXT = 1000
MOST_LOG_LINES = 400

_Entry = TypeVar("_Entry")
_Clean = Callable[[str, Collection[str]], str]


def anonymous(measurement: Measurement, private: Collection[str] = ()) -> Measurement:
    """Return `measurement` without what identifies a person, a machine or a place; texts are shortened.

    `private` are known names to remove wherever they occur: the board's host name, user, address and serial number.
    """
    found = _clean_entry(measurement, private)
    if len(found.log) > MOST_LOG_LINES:
        found = replace(found, log=(*found.log[:MOST_LOG_LINES], f"… {len(found.log) - MOST_LOG_LINES} more lines"))
    return found


def _unchanged(text: str, _: Collection[str]) -> str:
    return text


def _compatible(text: str, private: Collection[str]) -> str:
    """Return a name of the device tree, which every board of a kind has, even if it is the host name too."""
    return text if _DEVICE_TREE.fullmatch(text) else without_identity(text, private)


_DEVICE_TREE = re.compile(r"[A-Za-z0-9_.+-]+(?:,[A-Za-z0-9_.+-]+)?")


def _file_name(text: str, _: Collection[str]) -> str:
    return re.split(r"[/\\]", text)[-1]


def _name_in_model(text: str, private: Collection[str]) -> str:
    """Return the name of an operator or tensor, which may look like a path."""
    return without_names(_HOME.sub("<path>", without_addresses(text)), private)


_HOME = re.compile(r"/(?:home|Users|root|mnt|media|srv|opt|tmp|data|var)/[^\s;\]]*")


def _version(text: str, private: Collection[str]) -> str:
    """Return a version; four numbers are an address only where addresses are private."""
    if not _FOUR_NUMBERS.fullmatch(text):
        return without_identity(text, private)
    try:
        return "<address>" if ip_address(text).is_private or text in private else text
    except ValueError:
        return text


_FOUR_NUMBERS = re.compile(r"\d+(?:\.\d+){3}")


def _command(text: str, private: Collection[str]) -> str:
    """Return a command or options with the names of files instead of their paths."""
    return _RELATIVE.sub(r"\1", without_identity(text, private))


_RELATIVE = re.compile(r"(?<![^\s=:;,'\"])(?:[\w.+-]+/)+([\w.+-]*)")

_OWN_WORDS: dict[tuple[type[Any], str], _Clean] = {
    (Measurement, "made_by"): _unchanged,
    (Measurement, "day"): _unchanged,
    (Measurement, "target"): _unchanged,
    (MeasuredModel, "name"): _file_name,
    (MeasuredModel, "sha256"): _unchanged,
    (MeasuredModel, "structure"): _unchanged,
    (MeasuredModel, "compiled_sha256"): _unchanged,
    (MeasuredModel, "compiled_by"): _version,
    (MeasuredBoard, "chip"): _unchanged,
    (MeasuredBoard, "compatible"): _compatible,
    (MeasuredBoard, "label"): _unchanged,
    (UsedFile, "kind"): _unchanged,
    (UsedFile, "sha256"): _unchanged,
    (UsedFile, "version"): _version,
    (MeasuredSoftware, "kernel"): _version,
    (MeasuredSoftware, "bsp"): _version,
    (MeasuredSoftware, "mesa"): _version,
    (MeasuredSoftware, "tool_version"): _version,
    (MeasuredSoftware, "runtime_version"): _version,
    (RunSettings, "delegate_options"): _command,
    (RunSettings, "command"): _command,
    (OperatorMeasurement, "unit"): _unchanged,
    (OperatorMeasurement, "name"): _name_in_model,
    (ComparedTensor, "name"): _name_in_model,
    (OutputComparison, "digest"): _unchanged,
}


def _clean_entry(entry: _Entry, private: Collection[str]) -> _Entry:
    """Return a dataclass with each of its texts cleaned, and those of what it contains."""
    found: dict[str, Any] = {}
    for field in fields(cast("Any", entry)):
        clean = _OWN_WORDS.get((type(entry), field.name), without_identity)
        found[field.name] = _clean_value(getattr(entry, field.name), clean, private)
    return cast("_Entry", replace(cast("Any", entry), **found))


def _clean_value(value: Any, clean: _Clean, private: Collection[str]) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        # Long texts are cut before the patterns see them, and again because a replacement may be longer.
        return shorten(clean(shorten(value, 2 * LONGEST_TEXT), private), LONGEST_TEXT)
    if isinstance(value, tuple):
        return tuple(_clean_value(entry, clean, private) for entry in cast("tuple[Any, ...]", value))
    return _clean_entry(value, private) if is_dataclass(value) else value
