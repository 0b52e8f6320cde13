"""Which chains are asked about first, and which may tell theories apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from random import Random

from npufit.probing.questions import BETWEEN, LINKS, Point
from npufit.probing.searching.groups.notebook import Notebook

_LENGTHS = (8, 16, 32, 64, 128)
_SIDES = (32, 64, 128, 256, 512, 1024)
_DEPTHS = (64, 128, 256, 512, 1024)
_POOL = 120

EDGE_HEIGHT, WIDEST = 64, 4096
"""The height at which the largest width of a single link is searched, and where that search ends."""


def single_links(notebook: Notebook, dtype: str) -> list[Point]:
    """Return chains of one link, of each type."""
    return [notebook.point(links=kind, length=1, dtype=dtype) for kind in LINKS]


def interrupted_chains(notebook: Notebook, link: str, dtype: str) -> list[Point]:
    """Return small chains with other operators between their parts."""
    return [
        notebook.point(links=link, length=3 * (places + 1), between=kind, places=places, dtype=dtype)
        for kind in BETWEEN
        for places in (1, 2)
    ]


def growing_chains(notebook: Notebook, links: Sequence[str], dtype: str) -> list[Point]:
    """Return chains that grow in length, in size and in weights, beyond what networks have."""
    points = [notebook.point(links=links[0], length=length, h=8, w=8, dtype=dtype) for length in _LENGTHS]
    for kind in links[:2]:
        points += [notebook.point(links=kind, length=8, h=side, w=side, dtype=dtype) for side in _SIDES]
    points += [notebook.point(links=links[0], h=8, w=8, c=depth, dtype=dtype) for depth in _DEPTHS]
    points += [
        notebook.point(links=links[0], length=8, h=64, w=64, c=64, channels=channels, dtype=dtype)
        for channels in ("falling", "rising")
    ]
    return [*points, notebook.point(links=links[0], length=8, skip="around", dtype=dtype)]


def edge_chains(notebook: Notebook, link: str, dtype: str, width: int) -> list[Point]:
    """Return chains of links as large as one of them may be alone, and of larger ones before and after it."""
    edge = notebook.point(links=link, dtype=dtype, h=EDGE_HEIGHT, w=width)
    return [
        *(edge.moved(length=length) for length in (2, 8)),
        edge.moved(length=2, skip="around"),
        *(edge.moved(length=8, w=width * share // 8, skip="around") for share in (5, 6)),
        *(edge.moved(length=8, c=64, channels=channels) for channels in ("falling", "rising")),
    ]


def telling_chains(
    notebook: Notebook, links: Sequence[str], separators: Sequence[str], dtype: str, seed: int
) -> list[Point]:
    """Return chains of many proportions, of which a search picks those that tell its theories apart."""
    points = list(dict.fromkeys(_proportions(notebook, links, separators, dtype)))
    return Random(seed).sample(points, min(_POOL, len(points)))


def _proportions(notebook: Notebook, links: Sequence[str], separators: Sequence[str], dtype: str) -> Iterator[Point]:
    breaks = [("nothing", 1), *((kind, places) for kind in separators[:2] for places in (1, 3))]
    for kind, length, side, depth, (between, places) in product(
        links[:2], (1, 2, 4, 8, 16, 32), (8, 32, 64, 128, 256, 512), (16, 64, 256), breaks
    ):
        common = {"links": kind, "length": length, "h": side, "w": side, "c": depth, "dtype": dtype}
        if length > places:
            yield notebook.point(**common, between=between, places=places)
        if between == "nothing" and length > 1:
            yield notebook.point(**common, skip="around")
            if kind == "CONV_2D":
                yield notebook.point(**common, channels="bulging", skip="around")
                yield from (
                    notebook.point(**common, channels=channels) for channels in ("falling", "rising", "bulging")
                )
