"""sweep: networks at many sizes on many targets, and where between two sizes everything changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, product
from typing import Self

from npufit.checking import TargetChoice, parse_gate
from npufit.jobs import Session, Store, open_executor
from npufit.loading import ModelSource
from npufit.resizing import SizeChoice
from npufit.rewrite.resolution import Size
from npufit.sweeping.bisection import SeriesSearch
from npufit.sweeping.network import Network, open_networks
from npufit.sweeping.observations import observed_cliffs, observed_points
from npufit.sweeping.options import SweepOptions
from npufit.sweeping.point import Point, Series
from npufit.sweeping.point_jobs import PointJobs
from npufit.sweeping.result import SweepResult
from npufit.sweeping.setup import Setup, make_setups
from npufit.sweeping.sizes import parse_sizes

_STORE = "sweep"


def sweep(
    models: ModelSource | Iterable[ModelSource],
    targets: TargetChoice | Iterable[TargetChoice],
    options: SweepOptions | None = None,
) -> Sweep:
    """Return an iterator over every model at every size on every target: points as they come, in any order.

    Where two neighbouring sizes differ, more sizes between them follow, until each change is at its exact place.
    `Sweep.result()` waits for all and has cliffs, observations and what can be afforded. Raises InputError for a wrong
    model, size, number format, target or requirement before anything is computed; what a single point fails with is
    its `reason`. Iterating raises ToolError if the executor cannot work.

    >>> import npufit
    >>> options = npufit.SweepOptions(sizes=("96:160:32",), use_cache=False)
    >>> result = npufit.sweep("zoo:mobilenet_v1,uint8,alpha=0.25", "imx93/teflon@26.2", options).result()
    >>> [(point.size, point.npu_operators) for point in result.points]
    [((96, 96), (30, 31)), ((128, 128), (30, 31)), ((160, 160), (30, 31))]
    """
    options = options or SweepOptions()
    place = options.place
    return Sweep(
        open_networks([models] if isinstance(models, ModelSource) else models, _words(options.quant)),
        make_setups(
            [targets] if isinstance(targets, str) or not isinstance(targets, Iterable) else targets,
            place.settings,
            options.threads,
            options.kernels,
            place.vela,
            place.library,
        ),
        options,
    )


class Sweep(Iterator[Point]):
    """A running sweep: iterate over its points, or wait for its result. Leaving it early keeps what was computed."""

    def __init__(self, networks: Iterable[Network], setups: Iterable[Setup], options: SweepOptions) -> None:
        """Plan every point of `networks` on `setups`. Nothing is computed yet. Raises InputError for wrong options."""
        self._options = options
        self._gates = tuple(map(parse_gate, options.require))
        sizes = (options.sizes,) if isinstance(options.sizes, str) else options.sizes
        self._sizes = parse_sizes(map(_size_text, sizes))
        self._searches = {
            series: SeriesSearch(series, self._grid(series), self._gates, options.cliff_step)
            for series in (Series(network, setup) for network, setup in product(networks, tuple(setups)))
        }
        self._observed: dict[Series, list[Point]] = {}
        self._stream = self._run()

    def __iter__(self) -> Self:
        """Return the sweep."""
        return self

    def __next__(self) -> Point:
        """Return the next point that is ready."""
        return next(self._stream)

    def result(self) -> SweepResult:
        """Return everything, once all points are there."""
        for _ in self:
            pass
        found = [(search, self._observed.get(search.series, [])) for search in self._searches.values()]
        return SweepResult(
            series=tuple(self._searches),
            points=tuple(point for search, observed in found for point in (*search.points, *observed)),
            cliffs=tuple(
                cliff
                for search, observed in found
                for cliff in (*search.cliffs(), *observed_cliffs(observed, search.points))
            ),
            gates=self._gates,
            affordable=tuple(search.affordable() for search, _ in found) if self._gates else (),
            cliff_step=self._options.cliff_step,
        )

    def _run(self) -> Iterator[Point]:
        options = self._options
        executor = open_executor(options.executor, options.workers)
        with Session(executor, self._store(), options.progress) as session:
            jobs = PointJobs(session, options.place)
            for size, series in self._planned():
                jobs.submit(series, size, in_grid=True)
            for finished in session:
                point = jobs.read(finished)
                yield point
                for size in self._searches[point.series].add(point):
                    jobs.submit(point.series, size, in_grid=False)
        for series, search in self._searches.items():
            self._observed[series] = observed_points(series, search.points)
            yield from self._observed[series]

    def _grid(self, series: Series) -> tuple[Size | None, ...]:
        return self._sizes or (series.network.own_size,)

    def _planned(self) -> Iterator[tuple[Size | None, Series]]:
        """Yield every point of the grid: all setups of a network at one size together, so that they share it."""
        for _, group in groupby(self._searches, key=lambda series: series.network):
            together = list(group)
            for size in self._grid(together[0]):
                yield from ((size, series) for series in together)

    def _store(self) -> Store | None:
        options = self._options
        if not options.use_cache:
            return None
        return Store.open(_STORE, options.note) if options.cache is None else Store(options.cache, options.note)


def _size_text(choice: SizeChoice) -> str:
    return f"{choice[0]}x{choice[1]}" if isinstance(choice, tuple) else str(choice)


def _words(texts: str | tuple[str, ...]) -> list[str]:
    listed = (texts,) if isinstance(texts, str) else texts
    return [word.strip() for text in listed for word in text.split(",") if word.strip()]
