"""What the content of a measurement must hold beside its form: sizes, sensible numbers, and no time against a proof."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from npufit.formatting import shorten

LONGEST = 2000
MOST_ENTRIES = 20_000
MOST_MS = 1e7
"""The longest plausible inference: 10,000 seconds."""

_MOST = float(1 << 53)
_BOUNDS: tuple[tuple[str, float, float], ...] = (
    ("_ms", 0.0, MOST_MS),
    ("_c", -273.15, 1000.0),
    ("_mhz", 0.0, 1e6),
    ("_mb", 0.0, 1e9),
    ("threads", 1.0, 1024.0),
    ("", 0.0, _MOST),
)
"""The end of a number's name, and what it may be."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PATTERNS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "sha256": (_SHA256, "a SHA-256"),
    "compiled_sha256": (_SHA256, "a SHA-256"),
    "structure": (_SHA256, "a SHA-256"),
    "digest": (re.compile(r"[0-9a-f]{8,128}"), "a digest"),
    "day": (re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"), "a day, such as 2026-11-22"),
    "chip": (re.compile(r"[a-z0-9_-]{1,40}"), "a chip's name"),
    "target": (re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,40}(?:@[\w.+-]{1,60})?"), "CHIP/STACK@VERSION"),
    "statistic": (re.compile("mean|median"), "mean or median"),
    "unit": (re.compile("cpu|npu|steps|values"), "cpu or npu"),
}
_NEEDED = ("made_by", "day", "model.name", "model.sha256", "model.structure", "settings.threads")


def find_unsound(content: Any) -> str:
    """Return what is wrong with the plain `content` of a file, in words; empty if nothing is."""
    return _find(content, "") or _missing(content) or _contradiction(content)


def _find(value: Any, place: str) -> str:
    name = place.rpartition(".")[2]
    if isinstance(value, str):
        return _of_text(value, name, place)
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        low, high = next((low, high) for end, low, high in _BOUNDS if name.endswith(end))
        return "" if low <= value <= high else f"{place} is {value:.6g}, expected {low:g} to {high:g}"
    if isinstance(value, Mapping):
        entries = [(f"{place}.{key}".lstrip("."), entry) for key, entry in cast("Mapping[str, Any]", value).items()]
    else:
        entries = [(place, entry) for entry in cast("Sequence[Any]", value)]
    if len(entries) > MOST_ENTRIES:
        return f"{shorten(place, 80)} has {len(entries)} entries, more than {MOST_ENTRIES}"
    return next((found for where, entry in entries if (found := _find(entry, where))), "")


def _of_text(value: str, name: str, place: str) -> str:
    if len(value) > LONGEST:
        return f"{shorten(place, 80)} has {len(value)} characters, more than {LONGEST}"
    if not value.isprintable():
        return f"{shorten(place, 80)} has characters that cannot be printed"
    pattern, expected = _PATTERNS.get(name, (None, ""))
    if pattern is None or not value or pattern.fullmatch(value):
        return ""
    return f"{shorten(place, 80)} is '{shorten(value, 60)}', expected {expected}"


def _missing(content: Any) -> str:
    for name in _NEEDED:
        value = content
        for part in name.split("."):
            value = cast("Mapping[str, Any]", value).get(part) if isinstance(value, Mapping) else None
        if value in ("", None, 0):
            return f"{name} is missing"
    return ""


def _contradiction(content: Any) -> str:
    proof: Any = content.get("proof")
    is_against = isinstance(proof, Mapping) and cast("Mapping[str, Any]", proof).get("verdict") == "contradicted"
    return (
        "it has a time with the NPU, but its proof says that the NPU did not run"
        if is_against and content.get("npu")
        else ""
    )
