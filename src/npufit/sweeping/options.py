"""The options of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from npufit.cost import Kernels
from npufit.jobs import Progress
from npufit.resizing import SizeChoice
from npufit.stacks import PlaceOptions


def _ignore_progress(done: int, total: int, failed: int, /) -> None:
    """Show nothing."""


def _ignore_note(text: str, /) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """Options of a sweep: its grid, what is required of a point, and how it runs.

    `sizes` are texts such as `96:512:32`, `224,320` and `192x256`, or sizes; without any, each network has its own.
    `quant` are number formats of built-in networks, as in `int8,uint8`. A setting in `place` may have several values
    (`98304,196608`). `require` has gates, such as `predicted-ms<=33`.

    Cliffs are located to sizes that are multiples of `cliff_step` pixels; 0 leaves them between two points of the grid.
    `executor` is `local`, `local:N` or `dask://HOST:PORT`, `workers` the number of local workers (default: all cores).
    Results are kept in the file `cache`, or in npufit's folder; with `use_cache` off, nothing is read or kept.
    """

    sizes: str | tuple[SizeChoice, ...] = ()
    quant: str | tuple[str, ...] = ()
    threads: tuple[int, ...] = ()
    kernels: tuple[Kernels, ...] = ()
    require: tuple[str, ...] = ()
    cliff_step: int = 1
    place: PlaceOptions = field(default_factory=PlaceOptions)
    executor: str | None = None
    workers: int | None = None
    cache: Path | None = None
    use_cache: bool = True
    progress: Progress = _ignore_progress
    note: Callable[[str], None] = _ignore_note
