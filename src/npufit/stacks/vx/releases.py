"""NXP's board support packages (BSPs), grouped by identical decisions.

A rule is tied to a generation, never to the version of TIM-VX: the recipes of 5.15.52 to 6.1.55 all say 1.1.42 and
stand for six different commits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from npufit.stacks.rule import Evidence


class Generation(IntEnum):
    """Releases of the delegate with identical decisions, named after the first BSP of each, in order."""

    L5_10_72 = 0
    L5_15_5 = 1
    L5_15_32 = 2
    L5_15_52 = 3
    L5_15_71 = 4
    L6_1_1 = 5
    L6_1_22 = 6
    L6_1_36 = 7
    L6_6_23 = 8

    @property
    def first(self) -> str:
        """The first BSP of the generation, as its number."""
        return self.name.removeprefix("L").replace("_", ".")


@dataclass(frozen=True, slots=True)
class Bsp:
    """One BSP: its number, its generation, and what it ships; commits and versions are empty if they were not read."""

    number: tuple[int, int, int]
    generation: Generation
    tflite: str = ""
    delegate: str = ""
    tim_vx: str = ""

    @property
    def label(self) -> str:
        """The BSP as it is written in a target."""
        return f"lf-{'.'.join(map(str, self.number))}"

    @property
    def evidence(self) -> Evidence:
        """How its decisions are known: run, read, or inferred from the last one that was read."""
        if not self.delegate:
            return Evidence.INFERRED
        return Evidence.EXECUTED if self.generation >= FIRST_EXECUTED else Evidence.SOURCE


FIRST_EXECUTED = Generation.L5_15_52
"""From here on the delegate's own decision code was compiled and run; earlier releases were only read."""

BSPS: tuple[Bsp, ...] = (
    Bsp((5, 10, 72), Generation.L5_10_72, "2.6.0", "1d786dd", "1.1.34"),
    Bsp((5, 15, 5), Generation.L5_15_5, "2.6.0", "2724add", "1.1.37"),
    Bsp((5, 15, 32), Generation.L5_15_32, "2.8.0", "b2db210", "1.1.39"),
    Bsp((5, 15, 52), Generation.L5_15_52, "2.9.1", "1e16697", "1.1.42"),
    Bsp((5, 15, 71), Generation.L5_15_71, "2.9.1", "7514946", "1.1.42"),
    Bsp((6, 1, 1), Generation.L6_1_1, "2.10.0", "ae9a193", "1.1.42"),
    Bsp((6, 1, 22), Generation.L6_1_22, "2.10.0", "a0b0d00", "1.1.42"),
    Bsp((6, 1, 36), Generation.L6_1_36, "2.11.1", "492939b", "1.1.42"),
    Bsp((6, 1, 55), Generation.L6_1_36, "2.12.1", "c8a9737", "1.1.42"),
    Bsp((6, 6, 3), Generation.L6_1_36, "2.14.0", "44aab8a", "1.1.88"),
    Bsp((6, 6, 23), Generation.L6_6_23, "2.15.0", "9ae63a7", "1.2.2"),
    Bsp((6, 6, 36), Generation.L6_6_23, "2.16.2", "6e1193c", "1.2.2"),
    Bsp((6, 12, 34), Generation.L6_6_23),
    Bsp((6, 18, 2), Generation.L6_6_23),
    Bsp((6, 18, 20), Generation.L6_6_23),
)

DEFAULT = BSPS[11]
"""The newest BSP whose decision code was run."""

_LATER_SERIES = ((6, 6), (6, 12), (6, 18))
"""Series with releases after `DEFAULT`; in those that were read the delegate equals that of 6.6.23."""

_SPELLING = re.compile(
    r"(?:lf?-?|imx-)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[-_.]\d{1,2}\.\d{1,2}\.\d{1,2})?", re.IGNORECASE
)

ALL = frozenset(Generation)


def since(first: Generation) -> frozenset[Generation]:
    """Return `first` and all later generations."""
    return frozenset(generation for generation in Generation if generation >= first)


def until(last: Generation) -> frozenset[Generation]:
    """Return all generations up to `last`."""
    return frozenset(generation for generation in Generation if generation <= last)


def find_bsp(version: str) -> Bsp | None:
    """Return the BSP that `version` names in any spelling (lf-6.1.36, 6.1.36, LF6.1.36_2.1.0), or None.

    A release of a later series that is not in the table keeps its own number and gets the newest rules.
    """
    match = _SPELLING.fullmatch(version.strip())
    if match is None:
        return None
    number = int(match[1]), int(match[2]), int(match[3])
    known = next((bsp for bsp in BSPS if bsp.number == number), None)
    if known is None and number > DEFAULT.number and number[:2] in _LATER_SERIES:
        return Bsp(number, DEFAULT.generation)
    return known


def bsps_with_tflite(version: str) -> tuple[str, ...]:
    """Return the BSPs, the oldest first, that ship TensorFlow Lite `version`; it is the same on all of NXP's chips."""
    return tuple(bsp.label for bsp in BSPS if version and bsp.tflite == version)


def first_of(generation: Generation) -> Bsp:
    """Return the first BSP of a generation."""
    return next(bsp for bsp in BSPS if bsp.generation is generation)


def describe(generations: frozenset[Generation]) -> str:
    """Return a run of generations in words, such as `5.15.52 to 6.1.1` or `BSP 6.6.23 and later`."""
    first, last = min(generations), max(generations)
    if generations == ALL:
        return "all BSPs (5.10.72 and later)"
    if last is max(Generation):
        return f"BSP {first.first} and later"
    end = [bsp for bsp in BSPS if bsp.generation is last][-1].label.removeprefix("lf-")
    if first is min(Generation):
        return f"BSP {first.first}" if end == first.first else f"up to BSP {end}"
    return f"BSP {first.first} to {end}" if first.first != end else f"BSP {end}"
