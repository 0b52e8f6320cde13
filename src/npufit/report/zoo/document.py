"""The document of the built-in networks: what `npufit zoo --json` prints."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.report.document import Count, Document
from npufit.zoo import LARGEST_SIZE, ZooEntry


@dataclass(frozen=True, slots=True)
class NetworkEntry(Document):
    """A built-in network. Sizes are the sides of the input image in pixels; 0 if the shape is fixed."""

    name: str
    summary: str
    origin: str
    default_size: Count
    """the usual height"""
    default_width: Count
    smallest_size: Count
    largest_size: Count
    size_step: Count
    fixed_shape: tuple[Count, ...] | None
    alphas: tuple[float, ...]
    options: tuple[str, ...]


ZooDocument = tuple[NetworkEntry, ...]


def network_entry(entry: ZooEntry) -> NetworkEntry:
    """Return the entry of a network."""
    return NetworkEntry(
        name=entry.name,
        summary=entry.summary,
        origin=entry.origin,
        default_size=entry.default_size,
        default_width=entry.default_width or entry.default_size,
        smallest_size=entry.smallest_size,
        largest_size=0 if entry.fixed_shape else LARGEST_SIZE,
        size_step=entry.size_step,
        fixed_shape=(1, *entry.fixed_shape) if entry.fixed_shape else None,
        alphas=entry.alphas,
        options=tuple(options_of(entry)),
    )


def options_of(entry: ZooEntry) -> list[str]:
    """Return the options of a network as they are written."""
    options: list[str] = ["io=float|int8"]
    if len(entry.alphas) > 1:
        options.append("alpha=" + "|".join(f"{alpha:g}" for alpha in entry.alphas))
    if entry.padded:
        options.append("pad=explicit|folded")
    return options
