"""What a measurement never says: whose board it is, and where it stands.

Every text of a measurement passes through here before it is written. Texts that npufit itself chooses, and names that
the model gives, are listed in `_OWN_WORDS`; all others are taken for words of the board.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar, cast

from npufit.formatting import shorten
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

_SHORTEST_PRIVATE = 3
_EVERYBODY = frozenset({
    "root", "user", "admin", "test", "demo", "local", "localhost", "localdomain", "none", "board", "linux", "kernel",
    "debian", "ubuntu", "torizon", "raspberrypi", "npu", "cpu", "arm", "aarch64", "model", "vela", "teflon", "neutron",
    "ethosu", "imx93", "imx95", "imx8mp", "rk3588",
})  # fmt: skip
"""Names of users and hosts that identify nobody, and without which no sentence could be read."""

_LONGEST_PORT = 5

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


def without_identity(text: str, private: Collection[str] = ()) -> str:
    """Return `text` without paths, addresses, e-mail, prompts, serial numbers, and the names in `private`."""
    return _without_names(_replace_all(_replace_all(text, _IDENTITIES), _PATHS), private)


def _replace_all(text: str, patterns: _Patterns) -> str:
    for pattern, replacement in patterns:
        text = pattern.sub(replacement, text)
    return text


def _without_names(text: str, private: Collection[str]) -> str:
    for name in sorted(filter(_is_private, private), key=len, reverse=True):
        text = re.sub(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", "<private>", text, flags=re.IGNORECASE)
    return text


def _is_private(name: str) -> bool:
    is_port = name.isdigit() and len(name) <= _LONGEST_PORT
    return len(name) >= _SHORTEST_PRIVATE and not is_port and name.lower() not in _EVERYBODY


_KINDS = r"(?:so(?:\.[\d.]+)?|tflite|elf|bin|fw|py|txt|json|toml|ko|log|csv|bmp|jpg|png)"
_FILE_NAME = re.compile(rf"[^/\\]*\.{_KINDS}|benchmark_model|label_image", re.IGNORECASE)
_OF_THE_SYSTEM = re.compile(r"/(?:usr|lib|lib64|bin|sbin)/(?:[\w.+-]+/)*")
_HARMLESS = re.compile(
    r"/(?:proc/interrupts|sys/module/\w+/parameters/\w+|dev/(?:accel/accel|dri/renderD|dri/card|ethosu|neutron|galcore)\d*)"
)


def _shown_path(match: re.Match[str]) -> str:
    """Return what a path may still say: the name of a file or of a program, but no folder."""
    path = match[0].rstrip(".,;:")
    rest = match[0][len(path) :]
    if _HARMLESS.fullmatch(path):
        return match[0]
    name = re.split(r"[/\\]", path)[-1]
    named = _FILE_NAME.fullmatch(name) or (_OF_THE_SYSTEM.match(path) and name)
    return f"{name if named else '<path>'}{rest}"


def _shown_address(match: re.Match[str]) -> str:
    """Return `<address>` for an address of IPv6, and everything else unchanged: a time, `std::`."""
    text = match[0]
    while text and any(map(str.isdigit, text)):
        with suppress(ValueError):
            IPv6Address(text.partition("%")[0])
            return f"<address>{match[0][len(text) :]}"
        if text[-1] not in ":.":
            break
        text = text[:-1]
    return match[0]


def _shown_serial(match: re.Match[str]) -> str:
    """Return a word unless it is made like a serial number: capitals and at least four digits."""
    digits = sum(letter.isdigit() for letter in match[0])
    return "<serial>" if 4 <= digits < len(match[0]) else match[0]


_ABSOLUTE = r"(?<![\w<>/.\\-])(?:~[\w.-]*)?/[^\s'\",;:()\[\]<>|&]*[^\s'\",;:()\[\]<>|&./][^\s'\",;:()\[\]<>|&]*"
_Patterns = tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]
_PATHS: _Patterns = (
    (re.compile(r"(?<!\w)[A-Za-z]:\\[^\s'\",;]+"), _shown_path),
    (re.compile(_ABSOLUTE), _shown_path),
    (re.compile(rf"(?<![\w/.<@-])\.{{0,2}}/?(?:[\w.+~-]+/)+([\w.+-]+\.{_KINDS})\b", re.IGNORECASE), r"\1"),
)
_RELEASE = r"\d+(?:x\d+|(?:\.\d+){1,2})?\.?"
_IDENTITIES: _Patterns = (
    (re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'\"<>]+"), "<address>"),
    # A prompt or e-mail. Built-in networks (`mobilenet_v1@128`) and releases (`vela@3.8`) look similar.
    (re.compile(rf"(?<![\w/.+<-])[\w.+-]+@(?!{_RELEASE}(?![\w.-]))[\w.-]+(?::[~/][^\s#$]*)?[#$]?"), "<private>"),
    (re.compile(r"(?<![\w:-])(?:[0-9a-fA-F]{2}[:-]){5,7}[0-9a-fA-F]{2}(?![\w:-])"), "<address>"),
    (re.compile(r"(?<![\w:.])[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:%\w+)?(?!\w)"), _shown_address),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)"), "<address>"),
    (
        re.compile(r"(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:local|lan|home|internal|intranet|corp|localdomain)\b"),
        "<private>",
    ),
    (re.compile(r"(?i)\b(serial(?:[ _-]?(?:number|no))?|s/n)(\s*[:=#]?\s*)(?!<)[\w-]*\d[\w-]*"), r"\1\2<serial>"),
    (re.compile(r"(?<![\w-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-])"), "<serial>"),
    (re.compile(r"(?<![\w])(?:0x)?(?=[0-9a-fA-F]*[a-fA-F])(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}(?!\w)"), "<serial>"),
    (re.compile(r"(?<![\w.])\d{13,}(?![\w.])"), "<serial>"),
    (re.compile(r"(?<![\w-])[A-Z0-9]{10,}(?![\w-])"), _shown_serial),
)


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
    return _without_names(_HOME.sub("<path>", _replace_all(text, _IDENTITIES)), private)


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
