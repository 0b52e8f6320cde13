"""From text to a ZooSpec: `zoo:mobilenet_v2@320,int8,io=int8`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import get_close_matches

from npufit.errors import InputError
from npufit.zoo.catalogue import CATALOGUE, LARGEST_SIZE, ZooEntry
from npufit.zoo.spec import BOUNDARIES, PREFIX, Boundary, Export, PadStyle, Precision, ZooSpec

_FORM = f"{PREFIX}NAME[@SIZE][,QUANT][,OPTION=VALUE...]"


def parse_spec(text: str) -> ZooSpec:
    """Return the network that `text` names, such as `zoo:mobilenet_v2@320,int8`; the prefix may be missing.

    Raises InputError if the network, size, precision or an option does not exist or does not fit the network.
    """
    head, *words = text.removeprefix(PREFIX).split(",")
    name, at, sides = head.partition("@")
    entry = CATALOGUE.get(name)
    if entry is None:
        raise InputError(f"{text}: no network {name!r} in the zoo. {_choices(name, CATALOGUE)}")
    if at and entry.fixed_shape:
        raise InputError(f"{text}: {_fixed(entry)}")
    size, width = _sizes(text, sides) if at else (entry.default_size, entry.default_width)
    spec = ZooSpec(name, size, width=width)
    options: dict[str, str] = {}
    precisions: list[Precision] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            precisions.append(_precision(text, word))
        elif key not in _OPTIONS:
            raise InputError(f"{text}: no option {key!r}. {_choices(key, _OPTIONS)} It is written {_FORM}.")
        elif key in options:
            raise InputError(f"{text}: the option {key!r} is given twice. Give it once.")
        else:
            options[key] = value
    if len(precisions) > 1:
        raise InputError(f"{text}: {len(precisions)} precisions are given, but a network has only one.")
    precision = precisions[0] if precisions else spec.precision
    spec = replace(spec, precision=precision, boundary=BOUNDARIES[precision][0])
    for key, value in options.items():
        spec = _OPTIONS[key](text, spec, entry, value)
    validate_spec(spec, text)
    return spec


def validate_spec(spec: ZooSpec, text: str = "") -> None:
    """Raise InputError if the zoo has no such network; `text` is what the user wrote."""
    text = text or str(spec)
    entry = CATALOGUE.get(spec.network)
    if entry is None:
        raise InputError(f"{text}: no network {spec.network!r} in the zoo. {_choices(spec.network, CATALOGUE)}")
    if entry.fixed_shape and (spec.size or spec.width is not None):
        raise InputError(f"{text}: {_fixed(entry)}")
    for side in () if entry.fixed_shape else dict.fromkeys(spec.image_size):
        if side % entry.size_step or not entry.smallest_size <= side <= LARGEST_SIZE:
            direction = "high" if spec.width is not None and side == spec.size else "wide"
            step = f" in steps of {entry.size_step}" if entry.size_step > 1 else ""
            raise InputError(
                f"{text}: {entry.name} cannot be {side} pixels {direction}. "
                f"Give a size from {entry.smallest_size} to {LARGEST_SIZE}{step}; the usual one is {entry.usual_size}."
            )
    if spec.boundary not in BOUNDARIES[spec.precision]:
        allowed = " or ".join(f"io={boundary}" for boundary in BOUNDARIES[spec.precision])
        raise InputError(f"{text}: {spec.precision} cannot have io={spec.boundary}. It allows {allowed}.")
    if spec.alpha not in entry.alphas:
        allowed = ", ".join(f"{alpha:g}" for alpha in entry.alphas)
        raise InputError(f"{text}: {entry.name} has no alpha={spec.alpha:g}. It has {allowed}.")
    if spec.pad is PadStyle.FOLDED and not _has_padding(entry, spec):
        raise InputError(f"{text}: {_no_padding(entry, spec)}")
    if spec.export is Export.GARDEN and spec.precision not in entry.garden:
        having = ", ".join(f"{other.name} in {', '.join(other.garden)}" for other in CATALOGUE.values() if other.garden)
        raise InputError(f"{text}: there is no export=garden of {entry.name} in {spec.precision}. Available: {having}.")


def _sizes(text: str, word: str) -> tuple[int, int | None]:
    """Return height and width; the width is None for a square given as one number."""
    height, separator, width = word.partition("x")
    sides = (height, width) if separator else (height,)
    if not all(side.isascii() and side.isdecimal() and len(side) <= 9 for side in sides):
        raise InputError(
            f"{text}: the size {word!r} is not a number of pixels, nor two as in 288x800 (height first). "
            f"It is written {_FORM}."
        )
    return int(height), int(width) if separator else None


def _fixed(entry: ZooEntry) -> str:
    shape = "x".join(map(str, (1, *entry.fixed_shape)))
    return f"the input of {entry.name} is always {shape}, so no size can be given. Omit @SIZE."


def _precision(text: str, word: str) -> Precision:
    try:
        return Precision(word)
    except ValueError:
        raise InputError(f"{text}: no precision {word!r}. {_choices(word, list(Precision))}") from None


def _with_boundary(text: str, spec: ZooSpec, entry: ZooEntry, value: str) -> ZooSpec:
    if value not in list(Boundary):
        raise InputError(f"{text}: no io={value!r}. {_choices(value, list(Boundary))}")
    return replace(spec, boundary=Boundary(value))


def _with_pad(text: str, spec: ZooSpec, entry: ZooEntry, value: str) -> ZooSpec:
    if value not in list(PadStyle):
        raise InputError(f"{text}: no pad={value!r}. {_choices(value, list(PadStyle))}")
    if not _has_padding(entry, spec):
        raise InputError(f"{text}: {_no_padding(entry, spec)}")
    return replace(spec, pad=PadStyle(value))


def _with_export(text: str, spec: ZooSpec, entry: ZooEntry, value: str) -> ZooSpec:
    if value not in list(Export):
        raise InputError(f"{text}: no export={value!r}. {_choices(value, list(Export))}")
    return replace(spec, export=Export(value))


def _with_alpha(text: str, spec: ZooSpec, entry: ZooEntry, value: str) -> ZooSpec:
    try:
        return replace(spec, alpha=float(value))
    except ValueError:
        raise InputError(f"{text}: alpha={value!r} is not a number. Write, for example, alpha=0.5.") from None


_OPTIONS: dict[str, Callable[[str, ZooSpec, ZooEntry, str], ZooSpec]] = {
    "io": _with_boundary,
    "alpha": _with_alpha,
    "export": _with_export,
    "pad": _with_pad,
}


def _has_padding(entry: ZooEntry, spec: ZooSpec) -> bool:
    return spec.precision in entry.padded and spec.export is Export.USUAL


def _no_padding(entry: ZooEntry, spec: ZooSpec) -> str:
    having = ", ".join(other.name for other in CATALOGUE.values() if spec.precision in other.padded)
    export = " of the Model Garden" if spec.export is Export.GARDEN else ""
    return (
        f"{entry.name}{export} in {spec.precision} has no PAD operators, so pad= does not apply. These have: {having}."
    )


def _choices(found: str, known: Iterable[str]) -> str:
    """Return the sentences that offer the nearest name and all of them."""
    names = list(known)
    near = get_close_matches(found, names, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]}? " if near else ""
    return f"{meant}Known: {', '.join(names)}."
