"""What a real libteflon takes of a model, without the rules: the answer to one question."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.chips import load_chip
from npufit.errors import ToolEnd
from npufit.formatting import shorten
from npufit.graph import Model, OperatorId
from npufit.litert import LitertRefusalError
from npufit.stacks.placement import Unit
from npufit.stacks.teflon.library import DRIVER_MISSING, blameless_notes, load_in_library, no_driver, said_nothing
from npufit.stacks.teflon.log import find_end, read_teflon_log
from npufit.tflite import serialize_model
from npufit.vdevice import Library, Step


@dataclass(frozen=True, slots=True)
class LibraryDecision:
    """The unit of each operator of the main subgraph; empty if the library ended, as `end` and `how` say."""

    units: tuple[Unit, ...]
    partitions: int | None
    log: str
    end: ToolEnd | None = None
    how: str = ""


def decide_by_library(model: Model, chip: str, library: Library, time_limit_s: float) -> LibraryDecision:
    """Return what `library` takes of `model` on a virtual NPU of `chip`.

    Raises InputError if it is no libteflon for this Python, ToolError if it lacks the chip's driver or cannot be
    loaded.
    """
    driver = str(load_chip(chip).stack_settings("teflon")["driver"].value)
    data = serialize_model(model)
    try:
        log, trouble = load_in_library(model.name, data, chip, driver, library, time_limit_s)
    except LitertRefusalError as error:
        return LibraryDecision((), None, "", ToolEnd.ERROR, f"LiteRT refuses the model: {error.said}")
    if DRIVER_MISSING in log:
        raise no_driver(library, chip, driver, log)
    if trouble is not None and not blameless_notes(model.name, data, trouble, library):
        return LibraryDecision((), None, log, trouble.end, f"{trouble.how} {_where(model, log, trouble.step)}")
    report = read_teflon_log(log, model, is_cut_short=trouble is not None)
    if report is None or not report.units:
        raise said_nothing(library, chip, driver, trouble, log)
    places = [OperatorId(0, index) for index in range(len(model.main.operators))]
    units = tuple(report.units.get(place, Unit.UNKNOWN) for place in places)
    return LibraryDecision(units, report.partitions, log)


def _where(model: Model, log: str, step: Step) -> str:
    place = find_end(log, model).deciding
    if place is None:
        return step.words
    return f"in Prepare at operator {place.index}, {shorten(model.operator(place).name)}"
