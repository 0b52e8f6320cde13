"""What identifies a person, a machine or a place in a text of a board, and what may stay of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from ipaddress import IPv6Address

_SHORTEST_PRIVATE = 3
_EVERYBODY = frozenset({
    "root", "user", "admin", "test", "demo", "local", "localhost", "localdomain", "none", "board", "linux", "kernel",
    "debian", "ubuntu", "torizon", "raspberrypi", "npu", "cpu", "arm", "aarch64", "model", "vela", "teflon", "neutron",
    "ethosu", "imx93", "imx95", "imx8mp", "rk3588",
})  # fmt: skip
"""Names of users and hosts that identify nobody, and without which no sentence could be read."""

_LONGEST_PORT = 5


def without_identity(text: str, private: Collection[str] = ()) -> str:
    """Return `text` without paths, addresses, e-mail, prompts, serial numbers, and the names in `private`."""
    return without_names(_replace_all(without_addresses(text), _PATHS), private)


def without_addresses(text: str) -> str:
    """Return `text` without prompts, addresses, e-mail and serial numbers; paths stay."""
    return _replace_all(text, _IDENTITIES)


def _replace_all(text: str, patterns: _Patterns) -> str:
    for pattern, replacement in patterns:
        text = pattern.sub(replacement, text)
    return text


def without_names(text: str, private: Collection[str]) -> str:
    """Return `text` without the names in `private`, except those that everybody has."""
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
