"""A measurement as the bytes of its file, and back. Files come from strangers: they are bounded and checked."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from npufit.errors import InputError
from npufit.formatting import shorten
from npufit.measurements.measurement import Measurement
from npufit.measurements.places import FORM_KEY
from npufit.measurements.soundness import find_unsound

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORM = 1
_DIGITS = 9
_MOST_PROBLEMS = 4
_EXPECTED = "Expected a file that `npufit bench` wrote"


def measurement_bytes(measurement: Measurement) -> bytes:
    """Return the content of the measurement's file: the same measurement gives the same bytes.

    Raises ValueError for a measurement that no file may hold, such as one with an NPU time and a proof against it.
    """
    found = {FORM_KEY: FORM, **_plain(measurement)}
    unsound = find_unsound(found)
    if unsound:
        raise ValueError(unsound)
    return (json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def content_digest(data: bytes) -> str:
    """Return the SHA-256 of a file's content; line ends that a version control changed do not count."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def parse_measurement(data: bytes) -> Measurement:
    """Return the measurement in the content of a file. Keys that this version does not know are ignored.

    Raises InputError, without the file's name, for what is no measurement or a newer form.
    """
    from pydantic import ValidationError
    from pydantic_core import from_json

    try:
        content = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise InputError(f"not JSON: {shorten(str(error), 100)}. {_EXPECTED}.") from None
    version = cast("dict[str, Any]", content).get(FORM_KEY) if isinstance(content, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError(f"not a measurement: '{FORM_KEY}' is missing. {_EXPECTED}.")
    if version > FORM:
        raise InputError(
            f"a measurement of form {shorten(str(version), 20)}, which this version of npufit does not know (it reads "
            f"form {FORM}). Update npufit."
        )
    unsound = find_unsound(content)
    if unsound:
        raise InputError(f"{unsound}. {_EXPECTED}, unchanged.")
    try:
        return _form().validate_json(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        words = [f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in found[:_MOST_PROBLEMS]]
        raise InputError(f"{shorten('; '.join(words), 400)}. {_EXPECTED}.") from None


@cache
def _form() -> TypeAdapter[Measurement]:
    from pydantic import TypeAdapter

    return TypeAdapter(Measurement)


def _plain(value: Any) -> Any:
    """Return a measurement as dictionaries, lists, text and numbers; fields with their default value are left out."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else value
    if isinstance(value, tuple):
        return [_plain(entry) for entry in cast("tuple[Any, ...]", value)]
    if not is_dataclass(value):
        return value
    found: dict[str, Any] = {}
    for field in fields(value):
        entry = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if default is MISSING or entry != default:
            found[field.name] = _plain(entry)
    return found
