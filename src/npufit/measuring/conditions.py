"""The circumstances of a measurement: heat, clocks, load and memory over all its runs, and whether they spoilt it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from npufit.boards import Clock, Readings, WatchedRun, Zone
from npufit.measurements import ClockConditions, Conditions, ZoneConditions

_NEAR_C = 5.0
"""This near to the trip point at which the kernel lowers clocks, a run that is a little longer meets it."""

_FALL = 0.95
"""A clock below this share of its highest fell; what is above is how finely clocks are set."""

_FIXED = "performance"
"""The governor that asks for the highest clock always, so that a lower one was forced."""

_BUSY = 0.5
"""A load of the last minute from which other programs count."""

_FLAT_READINGS = 3
_SELDOM_THIS_HOT_C = 100.0


def conditions_of(runs: Sequence[WatchedRun], changed: Sequence[str] = ()) -> Conditions:
    """Return the circumstances of `runs`, in the order they were made; `changed` says what was set for them.

    `throttled` is True if a clock was forced down or a trip point was reached, False if neither happened and it would
    have been seen, None if the board tells neither.
    """
    if not runs:
        return Conditions(sentences=tuple(changed))
    readings = [reading for run in runs for reading in (run.before, *run.during, run.after)]
    under_load = [reading for run in runs for reading in run.during]
    zones = tuple(_zones(readings))
    believed = [zone for zone in zones if not _is_flat(zone, readings)]
    clocks = tuple(_clocks(readings, under_load))
    forced = [clock for clock in clocks if _is_forced_down(clock)]
    tripped = [zone for zone in believed if zone.trip_c is not None and zone.highest_c >= zone.trip_c]
    would_tell = any(zone.trip_c is not None for zone in believed) or any(
        clock.governor == _FIXED and clock.lowest_mhz is not None for clock in clocks
    )
    loads = [reading.load for reading in (readings[0], readings[-1])]
    free = [reading.cma_free_kb for reading in readings if reading.cma_free_kb is not None]
    return Conditions(
        zones=zones,
        clocks=clocks,
        load_before=loads[0],
        load_after=loads[1],
        cma_free_before_kb=readings[0].cma_free_kb,
        cma_free_lowest_kb=min(free, default=None),
        throttled=True if forced or tripped else False if would_tell else None,
        sentences=tuple(
            itertools.chain(
                changed,
                _heat_sentences(believed, forced),
                _governor_sentences(clocks),
                _load_sentences(loads[0]),
            )
        ),
    )


def _zones(readings: Sequence[Readings]) -> Iterator[ZoneConditions]:
    for first in readings[0].zones:
        seen = [zone for reading in readings for zone in reading.zones if zone.name == first.name]
        highest = max(zone.celsius for zone in seen)
        yield ZoneConditions(first.type, first.celsius, highest, seen[-1].celsius, first.trip)


def _is_flat(zone: ZoneConditions, readings: Sequence[Readings]) -> bool:
    """Return whether a zone shows one high temperature whatever happens, as the PMICs of the i.MX 95 do (105 °C)."""
    seen: list[Zone] = [it for reading in readings for it in reading.zones if it.type == zone.type]
    never_moves = len(seen) >= _FLAT_READINGS and len({it.celsius for it in seen}) == 1
    return never_moves and zone.highest_c >= _SELDOM_THIS_HOT_C


def _clocks(readings: Sequence[Readings], under_load: Sequence[Readings]) -> Iterator[ClockConditions]:
    for first in readings[0].clocks:
        last = _same(first, readings[-1])
        loaded = [clock.mhz for reading in under_load if (clock := _same(first, reading)) and clock.mhz is not None]
        yield ClockConditions(
            cores=first.cores,
            governor=first.governor,
            before_mhz=first.mhz,
            lowest_mhz=min(loaded, default=None),
            after_mhz=last.mhz if last else None,
            highest_mhz=first.highest_mhz,
        )


def _same(clock: Clock, reading: Readings) -> Clock | None:
    return next((it for it in reading.clocks if it.name == clock.name), None)


def _is_forced_down(clock: ClockConditions) -> bool:
    """Return whether a clock was lower under load than its governor asks for."""
    if clock.governor != _FIXED or clock.lowest_mhz is None or clock.highest_mhz is None:
        return False
    return clock.lowest_mhz < _FALL * clock.highest_mhz


def _heat_sentences(zones: Sequence[ZoneConditions], forced: Sequence[ClockConditions]) -> Iterator[str]:
    for clock in forced:
        yield (
            f"Throttled: cores {clock.cores} ran at {clock.lowest_mhz:g} of {clock.highest_mhz:g} MHz although their "
            f"governor is {_FIXED}. Cool the board and measure again."
        )
    for zone in zones:
        if zone.trip_c is None:
            continue
        if zone.highest_c >= zone.trip_c:
            yield (
                f"Throttled: {zone.type} reached {zone.highest_c:g} °C, and from {zone.trip_c:g} °C on the kernel "
                "lowers clocks. Cool the board and measure again."
            )
        elif zone.highest_c >= zone.trip_c - _NEAR_C:
            yield (
                f"{zone.type} reached {zone.highest_c:g} °C, near the {zone.trip_c:g} °C from which the kernel lowers "
                "clocks: longer runs will be slower."
            )


def _governor_sentences(clocks: Sequence[ClockConditions]) -> Iterator[str]:
    """Yield for which cores the governor, not heat, chose clocks below the highest while the model ran."""
    for clock in clocks:
        if clock.governor == _FIXED or clock.lowest_mhz is None or clock.highest_mhz is None:
            continue
        if clock.lowest_mhz < _FALL * clock.highest_mhz:
            yield (
                f"The governor {clock.governor} ran cores {clock.cores} at {clock.lowest_mhz:g} of "
                f"{clock.highest_mhz:g} MHz at times; --governor {_FIXED} keeps clocks steady."
            )


def _load_sentences(load: float | None) -> Iterator[str]:
    if load is not None and load >= _BUSY:
        yield f"The load was {load:g} before the first run: other programs may have slowed the board."
