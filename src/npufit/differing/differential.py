"""A folder of models: a real library against what the rules predict of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from npufit.chips import load_chip
from npufit.differing.model_job import Work, compare_model
from npufit.differing.options import DifferentialOptions
from npufit.differing.outcome import FORM, read_outcome
from npufit.differing.result import ComparedModel, DifferentialResult
from npufit.errors import InputError, ToolError
from npufit.files import read_bounded
from npufit.formatting import printable
from npufit.jobs import Blob, Job, Session, Store, Trouble, key_of, open_executor, own_digest
from npufit.stacks import PlaceOptions, Target, identify_tools, require_library_target, resolve_target
from npufit.vdevice import IgnoringObserver, Library, inspect_library, virtual_device

_STORE = "differential"
_LARGEST_MODEL_BYTES = 1 << 30
_LOADS = 4
"""A job loads the model twice, runs it, and runs the reference kernels."""
_KEPT_ON = ("ai-edge-litert", "numpy")
"""Packages whose versions decide over the answers."""


def differential(
    folder: Path, target: Target | str, library: Library, options: DifferentialOptions | None = None
) -> DifferentialResult:
    """Return what `library` does with every model in `folder`, beside what the rules of `target` predict.

    The folder is searched for `.tflite` files, with all folders in it. Raises InputError for a wrong folder, target or
    library, ToolError if no model can be compared.
    """
    options = options or DifferentialOptions()
    resolved = target if isinstance(target, Target) else resolve_target(target, library=library)
    require_library_target([resolved], library)
    file = inspect_library(library)
    virtual_device(resolved.chip, IgnoringObserver())
    if options.kernel is not None:
        from npufit.ethosu import parse_kernel

        parse_kernel(options.kernel)
    paths = _model_files(folder)
    work = Work(resolved, library, options.answers, options.seed, options.kernel, options.time_limit_s)
    started = time.perf_counter()
    models = _compare(folder, paths, work, options)
    failed = [model for model in models if model.outcome is None]
    if len(failed) == len(models):
        raise ToolError(f"none of {len(models)} models could be compared. The first: {failed[0].failure}")
    name = f"{library.name} (Mesa {file.version})" if file.version else library.name
    seconds = time.perf_counter() - started
    return DifferentialResult(printable(str(folder)), resolved, name, options.kernel, models, seconds)


def _model_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{printable(str(folder))}: this is not a folder. Give one with .tflite files.")
    found = sorted(path for path in folder.rglob("*.tflite") if path.is_file())
    if not found:
        raise InputError(f"{printable(str(folder))}: there are no .tflite files in it or in its folders.")
    return found


def _compare(folder: Path, paths: list[Path], work: Work, options: DifferentialOptions) -> tuple[ComparedModel, ...]:
    """Return the outcomes in the order of `paths`; equal files are compared once."""
    identity = _identity(work)
    found: dict[Path, ComparedModel] = {}
    waiting: dict[str, list[tuple[Path, str]]] = {}
    store = None
    if options.use_cache:
        store = Store.open(_STORE, options.note) if options.cache is None else Store(options.cache, options.note)
    with Session(open_executor(options.executor, options.workers), store, options.progress) as session:
        for path, data in _read(folder, paths, found):
            key = key_of("differential", FORM, data.digest, identity)
            waiting.setdefault(key, []).append((path, data.digest))
            arguments = (data, path.name, work)
            session.submit(Job(key, compare_model, arguments, data.digest, _LOADS * work.time_limit_s))
        for finished in session:
            path, digest = waiting[finished.job.key].pop(0)
            name = printable(str(path.relative_to(folder)))
            if finished.value is not None:
                found[path] = ComparedModel(name, digest, read_outcome(finished.value), kept=finished.kept)
            else:
                failure = finished.failure
                said = "" if failure is None else failure.message
                is_ours = failure is not None and failure.trouble in (Trouble.BUG, Trouble.CRASH)
                found[path] = ComparedModel(name, digest, None, f"npufit failed: {said}" if is_ours else said)
    return tuple(found[path] for path in paths)


def _read(folder: Path, paths: list[Path], found: dict[Path, ComparedModel]) -> Iterator[tuple[Path, Blob]]:
    """Yield the files; those that cannot be read are noted in `found`."""
    for path in paths:
        try:
            yield path, Blob(read_bounded(path, _LARGEST_MODEL_BYTES))
        except InputError as error:
            found[path] = ComparedModel(printable(str(path.relative_to(folder))), "", None, str(error))


def _identity(work: Work) -> list[object]:
    """Return everything but the model that an outcome depends on."""
    place = PlaceOptions(library=work.library)
    return [
        str(work.target),
        repr(load_chip(work.target.chip)),
        list(identify_tools(work.target, place)),
        work.answers,
        work.seed,
        work.kernel,
        [version(package) for package in _KEPT_ON],
        own_digest(),
    ]
