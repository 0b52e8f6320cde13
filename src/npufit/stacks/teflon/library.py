"""Placement by a real libteflon: it decides what the NPU gets, and a crash of it is a result.

The library runs in a process of its own on a virtual device. It decides and compiles when the model is loaded, so
nothing is executed. Where it dies, the operators after that keep the rules' answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from npufit.errors import ToolEnd, ToolError
from npufit.formatting import plural, shorten
from npufit.graph import Model, OperatorId
from npufit.litert import WORKER, LitertFailureError, LitertRefusalError, Request
from npufit.stacks.hazard import make_hazard
from npufit.stacks.log import apply_log
from npufit.stacks.placement import Difference, LibraryRun, Note, Placement, Setting, Unit
from npufit.stacks.rule import Effect, Evidence
from npufit.stacks.teflon.hazards import LIBRARY_CRASH, PAD_FOLDED
from npufit.stacks.teflon.log import LogEnd, find_end, read_teflon_log
from npufit.stacks.teflon.release import Release, find_release
from npufit.tflite import serialize_model
from npufit.vdevice import (
    IgnoringObserver,
    Library,
    LibraryCrashError,
    LibraryFile,
    LibraryRefusalError,
    LibrarySession,
    SessionOptions,
    Step,
    inspect_library,
    virtual_device,
)

_KIND = "Teflon (TEFLON_DEBUG=verbose)"
DRIVER_MISSING = "driver missing"


@dataclass(frozen=True, slots=True)
class Trouble:
    """How the load of a model ended: in words, with which effect, at which step, and how the process ended."""

    how: str
    effect: Effect
    step: Step
    end: ToolEnd


@dataclass(frozen=True, slots=True)
class _Ending:
    """The place of a trouble: operators of a subgraph, none if it is unknown, and in words."""

    subgraph: int
    operators: tuple[int, ...]
    words: str


def place_by_library(model: Model, placed: Placement, driver: str, library: Library, time_limit_s: float) -> Placement:
    """Return `placed`, by the rules, as `library` decides it, with every difference between the two.

    Raises InputError if the library is no libteflon for this Python, or if LiteRT itself refuses the model; ToolError
    if the library lacks the chip's driver, or cannot be loaded.
    """
    file = inspect_library(library)
    data = serialize_model(model)
    log, trouble = load_in_library(model.name, data, placed.target.chip, driver, library, time_limit_s)
    blameless = blameless_notes(model.name, data, trouble, library)
    if blameless:
        trouble = None
    report = read_teflon_log(log, model, is_cut_short=trouble is not None)
    if report is None or report.kind != _KIND:
        raise said_nothing(library, placed.target.chip, driver, trouble, log)
    decided = apply_log(placed, replace(report, said_by=library.name), model)
    run = LibraryRun(library.name, file.version)
    if trouble is None:
        decided = _without_refuted(decided, model)
    else:
        ending = _ending(model, decided, trouble, find_end(log, model))
        decided = _with_ending(decided, library, trouble, ending)
        run = replace(run, ended=f"{trouble.how} {ending.words}")
    return replace(
        decided,
        notes=(*blameless, *_version_note(library, file, placed), *decided.notes),
        settings=(*decided.settings, Setting("library", run.name, f"--library; SHA-256 {file.sha256[:12]}")),
        library=run,
    )


def load_in_library(
    name: str, model: bytes, chip: str, driver: str, library: Library, time_limit_s: float
) -> tuple[str, Trouble | None]:
    """Return what the library printed while it loaded a model, and its trouble if it had one."""
    device = virtual_device(chip, IgnoringObserver())
    options = SessionOptions(time_limit_s)
    with LibrarySession(library, device, model, options, name=name) as session:
        try:
            session.load()
        except LibraryCrashError as error:
            if not error.step.has_model and DRIVER_MISSING not in error.log:
                raise
            effect, end = (Effect.FAILS, ToolEnd.TIMEOUT) if error.is_late else (Effect.CRASH, ToolEnd.CRASH)
            return error.log, Trouble(error.how, effect, error.step, end)
        except LibraryRefusalError as error:
            if not error.step.has_model:
                raise no_driver(library, chip, driver, error.log) from None
            how = f'returned an error ("{error.said}")'
            return error.log, Trouble(how, Effect.FAILS, error.step, ToolEnd.ERROR)
        return session.log, None


def blameless_notes(name: str, model: bytes, trouble: Trouble | None, library: Library) -> tuple[Note, ...]:
    """Return a note if the trouble is not the library's: LiteRT's reference kernels die of the model without it too.

    They do while tensors are allocated, when the library has decided and compiled everything.
    """
    if trouble is None or trouble.step is not Step.ALLOCATE:
        return ()
    number = WORKER.new_model()
    try:
        WORKER.exchange(Request({"do": "load", "model": number}, [model], name))
    except LitertFailureError as failure:
        text = f"LiteRT's reference kernels {failure.how} when they load this model, without {library.name} as well."
        return (Note(text, Evidence.EXECUTED, "LiteRT BUILTIN_REF"),)
    except LitertRefusalError:
        return ()
    WORKER.forget(number)
    return ()


def _ending(model: Model, decided: Placement, trouble: Trouble, end: LogEnd) -> _Ending:
    """Return where the library was when it ended."""
    if end.deciding is not None:
        place = end.deciding
        return _Ending(place.subgraph, (place.index,), f"in Prepare at operator {place.index}, {_name(model, place)}")
    if end.compiling is not None and end.compiling < len(decided.partitions):
        partition = decided.partitions[end.compiling]
        first = OperatorId(partition.subgraph, partition.operators[0])
        count = plural(len(partition.operators), "operator")
        words = f"while it compiles partition {partition.index}, {count} from {first.index} ({_name(model, first)}) on"
        return _Ending(partition.subgraph, partition.operators, words)
    return _Ending(0, (), f"{trouble.step.words}, after it compiled {plural(end.compiled, 'partition')}")


def _name(model: Model, place: OperatorId) -> str:
    return shorten(model.operator(place).name)


def _with_ending(decided: Placement, library: Library, trouble: Trouble, ending: _Ending) -> Placement:
    """Return `decided` with the hazard that was seen: a predicted one that names the place, otherwise a new one."""
    text = f"Operators that {library.name} did not name before its end keep the rules' answer."
    source = f"{library.name} on a virtual device"
    decided = replace(decided, notes=(Note(text, Evidence.EXECUTED, source), *decided.notes))
    expected = [hazard for hazard in decided.hazards if hazard.effect is not Effect.WRONG]
    if not ending.operators and expected:
        return decided  # any of them may be what was seen
    confirmed = [
        hazard
        for hazard in expected
        if hazard.subgraph == ending.subgraph and not set(hazard.operators).isdisjoint(ending.operators)
    ]
    if confirmed:
        hazards = tuple(
            replace(hazard, evidence=Evidence.EXECUTED, effect=trouble.effect, certain=True)
            if hazard in confirmed
            else hazard
            for hazard in decided.hazards
        )
        return replace(decided, hazards=hazards)
    place = ending.operators or tuple(
        operator.id.index for operator in decided.operators if operator.unit is Unit.NPU and not operator.id.subgraph
    )
    message = f"{library.name} {trouble.how} {ending.words}"
    seen = make_hazard(LIBRARY_CRASH, ending.subgraph, place or (0,), message, trouble.how, effect=trouble.effect)
    where = OperatorId(ending.subgraph, ending.operators[0]) if ending.operators else None
    difference = Difference(where, "load of the model", "works", f"{trouble.how} {ending.words}")
    return replace(decided, hazards=(seen, *decided.hazards), differences=(*decided.differences, difference))


def _without_refuted(decided: Placement, model: Model) -> Placement:
    """Return `decided` after a load without trouble, with a difference for each crash that did not happen.

    A crash that comes with the first inference stays as it is: a placement runs none.
    """
    refuted = [
        hazard
        for hazard in decided.hazards
        if hazard.effect is Effect.CRASH and hazard.certain and hazard.rule is not PAD_FOLDED
    ]
    differences = tuple(
        Difference(
            hazard.culprit,
            f"{_name(model, hazard.culprit)}, {hazard.rule.id}",
            "crashes the process",
            "loaded without a crash",
        )
        for hazard in refuted
    )
    hazards = tuple(replace(hazard, certain=False) if hazard in refuted else hazard for hazard in decided.hazards)
    return replace(decided, hazards=hazards, differences=(*decided.differences, *differences))


def _version_note(library: Library, file: LibraryFile, placed: Placement) -> tuple[Note, ...]:
    """Return a note if the library is of another release than the rules beside it."""
    release = release_of(file)
    expected = find_release(placed.target.version)
    if not file.version or release is expected:
        return ()
    known = f"give -t {placed.target.chip}/teflon@{release.label}" if release else "npufit has no rules of that release"
    text = (
        f"{library.name} says that it is Mesa {file.version}; the rules are those of {placed.target.version}: {known}."
    )
    return (Note(text, Evidence.EXECUTED, "the version in the library's file"),)


def release_of(file: LibraryFile) -> Release | None:
    """Return the release that the file of a library names, None if it names none that npufit knows."""
    number = re.match(r"\d+\.\d+(\.\d+)?", file.version)
    return find_release(number[0]) if number else None


def said_nothing(library: Library, chip: str, driver: str, trouble: Trouble | None, log: str) -> ToolError:
    """Return why nothing is known of the library's decisions."""
    if DRIVER_MISSING in log:
        return no_driver(library, chip, driver, log)
    how = f"{trouble.how} before it printed" if trouble is not None else "did not print"
    return ToolError(
        f"{library.name} {how} which operators it supports, so what it decides is unknown. Expected the table of "
        f"TEFLON_DEBUG=verbose; it printed: {_printed(log)}."
    )


def no_driver(library: Library, chip: str, driver: str, log: str) -> ToolError:
    """Return the error about a library that was built without the chip's driver."""
    return ToolError(
        f"{library.name} does not drive the NPU of {chip}: it was built without the driver {driver}, as "
        f"far as its output tells ({_printed(log)}). Build Mesa with -Dgallium-drivers={driver} -Dteflon=true."
    )


def _printed(log: str) -> str:
    return shorten(" ".join(log.split())) or "nothing"
