"""A model loaded in a real library: which library, on which virtual device, and what Linux would say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from npufit.ethosu import parse_kernel
from npufit.execution import LibraryModel, Values
from npufit.formatting import shorten
from npufit.graph import Model
from npufit.running.executable import require_execution
from npufit.running.inference import NpuRunner
from npufit.running.options import RunOptions
from npufit.running.result import LibraryRun, RunResult
from npufit.stacks import Target
from npufit.vdevice import DeviceOptions, Library, virtual_device

_MOST_DOUBTS = 3


def load_in_library(
    model: Model, target: Target, library: Library, options: RunOptions
) -> tuple[LibraryModel, LibraryRun]:
    """Return `model` loaded in `library`, and what is known of both.

    Raises InputError if nothing would be executed for `target` or the file is no libteflon, LibraryCrashError if the
    library dies, KernelRefusalError if the chosen Linux release refuses a stream.
    """
    file = require_execution(target, library)
    device = DeviceOptions(None if options.kernel is None else parse_kernel(options.kernel))
    runner = LibraryModel(
        model,
        library,
        lambda observer: virtual_device(target.chip, observer, device),
        options.progress,
        options.place.time_limit_s,
    )
    found = LibraryRun(library.path, file.sha256, file.version, target.chip, runner.operators, kernel=options.kernel)
    return runner, found


def describe_run(
    result: RunResult, library: LibraryRun, runner: NpuRunner, inputs: Values, capture_to: Path | None
) -> RunResult:
    """Return `result` with what is known of the library after it ran; what it submits is captured if requested."""
    assert isinstance(runner, LibraryModel)
    if capture_to is not None:
        runner.capture(inputs, capture_to)
    return replace(
        result,
        library=replace(library, hidden=runner.hidden),
        notes=(*result.notes, *_kernel_notes(library, runner.doubts)),
        seconds=replace(result.seconds, simulator=min(runner.simulator_s)),
        captured=capture_to,
    )


def _kernel_notes(library: LibraryRun, doubts: Sequence[str]) -> Iterator[str]:
    """Yield what the chosen Linux release says about the streams; nothing without one, or without streams."""
    if library.kernel is None or not library.partitions:
        return
    if not doubts:
        yield f"Linux {library.kernel} accepts every stream"
    yield from (shorten(doubt, 300) for doubt in doubts[:_MOST_DOUBTS])
