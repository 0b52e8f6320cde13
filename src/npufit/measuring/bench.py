"""bench: models on the user's board, timed, shown to be the NPU, beside the prediction."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from npufit.boards import BoardFacts, connect, read, settings, survey
from npufit.checking import choose_target
from npufit.errors import InputError, LostConnectionError
from npufit.formatting import shorten
from npufit.loading import ModelSource
from npufit.measurements import Measurement
from npufit.measuring.measure import Measured, measure
from npufit.measuring.options import BenchOptions
from npufit.measuring.progress import BenchProgress, BenchStage, ignore_progress
from npufit.measuring.result import BenchResult, NotMeasured
from npufit.measuring.setup import set_up
from npufit.measuring.subject import Subject, read_subject

Keep = Callable[[Measurement], object]
"""Gets each measurement as soon as there is one."""

_INTERRUPTED = "interrupted"
_MASK = re.compile(r"(?:0x)?[0-9a-fA-F]{1,16}")


def bench(
    models: ModelSource | Sequence[ModelSource],
    on: str,
    options: BenchOptions | None = None,
    *,
    progress: BenchProgress = ignore_progress,
    keep: Keep = lambda _: None,
) -> BenchResult:
    """Return how fast `models` are on the board `on`, whether its NPU really ran, and what was predicted.

    `on` is `ssh://[USER@]HOST[:PORT]`, `local` for this machine, or `labgrid://PLACE`. `keep` gets each measurement as
    soon as there is one. If the line is lost or the user interrupts, what was measured is returned, and
    `BenchResult.ended_early` says why there is no more. Raises InputError if a model, the target or an option is wrong,
    ToolError if the board cannot be reached or has nothing that times models.

    >>> import npufit
    >>> result = npufit.bench("zoo:mobilenet_v1@96,int8,alpha=0.25", "local", npufit.BenchOptions(runs=5, least_s=0.0))
    >>> measured = result.measurements[0]
    >>> measured.cpu.ms > 0, measured.npu, measured.proof.verdict.value
    (True, None, 'unknown')
    """
    options = options or BenchOptions()
    subjects = [read_subject(model) for model in ([models] if isinstance(models, ModelSource) else models)]
    _require(subjects, options)
    collected = _Collected()
    try:
        _bench(subjects, on, options, progress, keep, collected)
    except LostConnectionError as lost:
        if not collected.has_anything:
            raise
        collected.ended_early = str(lost)
    except KeyboardInterrupt:
        if not collected.has_anything:
            raise
        collected.ended_early = _INTERRUPTED
    return collected.result(on, subjects)


def probe_board(on: str, *, progress: BenchProgress = ignore_progress) -> BoardFacts:
    """Return what the board `on` is and has, each fact with the command that told it, and which targets it may be.

    Nothing is measured. Raises InputError if `on` cannot be read, ToolError if the board cannot be reached.
    """
    progress(BenchStage.CONNECT)
    with connect(on) as connection:
        progress(BenchStage.SURVEY)
        return replace(survey(connection), now=read(connection))


@dataclass(slots=True)
class _Collected:
    """What a bench has so far."""

    facts: BoardFacts | None = None
    measurements: list[Measurement] = field(default_factory=list[Measurement])
    not_measured: list[NotMeasured] = field(default_factory=list[NotMeasured])
    ended_early: str = ""

    @property
    def has_anything(self) -> bool:
        return bool(self.measurements or self.not_measured)

    def add(self, found: Measured, keep: Keep) -> None:
        if found.measurement is not None:
            self.measurements.append(found.measurement)
            keep(found.measurement)
        if found.not_measured is not None:
            self.not_measured.append(found.not_measured)

    def result(self, on: str, subjects: Sequence[Subject]) -> BenchResult:
        assert self.facts is not None, "without a survey nothing was collected"
        done = len(self.measurements) + len(self.not_measured)
        left = tuple(NotMeasured(entry.model.name, "the bench ended before its turn") for entry in subjects[done:])
        return BenchResult(
            on,
            self.facts,
            tuple(self.measurements),
            (*self.not_measured, *left),
            self.ended_early,
            is_interrupted=self.ended_early == _INTERRUPTED,
        )


def _require(subjects: Sequence[Subject], options: BenchOptions) -> None:
    """Raise InputError, before the board is asked, for what cannot be measured on any."""
    if not subjects:
        raise InputError("there is no model to measure. Give one, or ask the board alone with --probe.")
    if options.target:
        choose_target(options.target, options.place.vela)
    if options.affinity and not _MASK.fullmatch(options.affinity):
        raise InputError(f"'{shorten(options.affinity)}' names no cores. Give a mask, such as 0x3 for the first two.")


def _bench(
    subjects: Sequence[Subject],
    on: str,
    options: BenchOptions,
    progress: BenchProgress,
    keep: Keep,
    collected: _Collected,
) -> None:
    day = options.day or datetime.datetime.now(datetime.UTC).date().isoformat()
    progress(BenchStage.CONNECT)
    with connect(on) as connection:
        progress(BenchStage.SURVEY)
        facts = collected.facts = survey(connection)
        setup = set_up(connection, facts, options)
        with settings(connection, governor=options.governor) as changed:
            for subject in subjects:
                found = measure(replace(setup, changed=changed), subject, day, progress)
                collected.add(found, keep)
                if found.ended_by is not None:
                    raise found.ended_by
