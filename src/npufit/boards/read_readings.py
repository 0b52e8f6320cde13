"""The lines that `board/readings.sh` prints, as readings. They are untrusted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from npufit.boards.interrupts import count_interrupts
from npufit.boards.readings import Clock, Readings, Zone
from npufit.formatting import shorten

_MOST_READINGS = 4096
_MOST_PARTS = 256
_COLDEST, _HOTTEST = -100.0, 500.0
_OF_FDINFO = ("drm-client-id:", "drm-engine-")
_SLOWING = "passive"
"""The trip points at which the kernel lowers clocks; `active` ones start a fan, `critical` ones switch off."""


@dataclass(slots=True)
class _Draft:
    """A reading, as far as its lines were read."""

    numbers: dict[str, float] = field(default_factory=dict[str, float])
    zones: list[Zone] = field(default_factory=list[Zone])
    clocks: list[Clock] = field(default_factory=list[Clock])
    interrupts: list[str] = field(default_factory=list[str])
    engines: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    client: str = ""


def read_readings(lines: Iterable[str]) -> Iterator[Readings]:
    """Yield the complete readings in `lines`, in their order; one that was cut off is left out."""
    draft: _Draft | None = None
    count = 0
    for line in lines:
        if line == "reading":
            draft = _Draft()
        elif line == "end" and draft is not None:
            yield _finish(draft)
            draft = None
            count += 1
            if count >= _MOST_READINGS:
                return
        elif draft is not None:
            word, _, rest = line.partition("\t")
            if word in _READERS:
                _READERS[word](draft, rest)
            elif word.startswith(_OF_FDINFO):
                _read_engine(draft, word, rest)


def with_trips(readings: Readings, full: Readings) -> Readings:
    """Return `readings`, which were taken without trip points, with those of `full`."""
    trips: Mapping[str, float | None] = {zone.name: zone.trip for zone in full.zones}
    return replace(readings, zones=tuple(replace(zone, trip=trips.get(zone.name)) for zone in readings.zones))


def _finish(draft: _Draft) -> Readings:
    numbers = draft.numbers
    engines: dict[str, int] = {}
    for (_, engine), ns in draft.engines.items():
        engines[engine] = engines.get(engine, 0) + ns
    return Readings(
        uptime_s=numbers.get("uptime", 0.0),
        interrupts=count_interrupts(draft.interrupts),
        zones=tuple(draft.zones),
        clocks=tuple(draft.clocks),
        load=numbers.get("load"),
        free_kb=_whole(numbers.get("MemAvailable:", numbers.get("MemFree:"))),
        cma_free_kb=_whole(numbers.get("CmaFree:")),
        cma_total_kb=_whole(numbers.get("CmaTotal:")),
        engine_ns=engines or None,
    )


def _read_uptime(draft: _Draft, rest: str) -> None:
    _keep(draft, "uptime", rest)


def _read_load(draft: _Draft, rest: str) -> None:
    _keep(draft, "load", rest)


def _read_memory(draft: _Draft, rest: str) -> None:
    name, _, amount = rest.partition("\t")
    _keep(draft, name, amount)


def _read_zone(draft: _Draft, rest: str) -> None:
    fields = rest.split("\t")
    if len(fields) != 4 or len(draft.zones) >= _MOST_PARTS:
        return
    name, millidegrees, trips, type_ = fields
    celsius = _celsius(millidegrees)
    if celsius is None:
        return
    points = (point.partition(":") for point in trips.split(",", _MOST_PARTS))
    limits = [_celsius(at) for kind, _, at in points if kind == _SLOWING]
    trip = min((limit for limit in limits if limit is not None and limit > 0), default=None)
    draft.zones.append(Zone(shorten(name), shorten(type_), celsius, trip))


def _read_clock(draft: _Draft, rest: str) -> None:
    fields = rest.split("\t")
    if len(fields) != 5 or len(draft.clocks) >= _MOST_PARTS:
        return
    name, now, highest, governor, cores = fields
    draft.clocks.append(Clock(shorten(name), shorten(cores), shorten(governor), _mhz(now), _mhz(highest)))


def _read_engine(draft: _Draft, word: str, rest: str) -> None:
    """Take a line of fdinfo: files that are open twice have the same client, and count once."""
    name = word.rstrip(":")
    if name == "drm-client-id":
        draft.client = rest.strip()
        return
    ns = _number(rest.strip().removesuffix(" ns"))
    key = draft.client, shorten(name.removeprefix("drm-engine-"))
    if ns is not None and ns >= 0 and (key in draft.engines or len(draft.engines) < _MOST_PARTS):
        draft.engines[key] = max(draft.engines.get(key, 0), int(ns))


def _read_interrupts(draft: _Draft, rest: str) -> None:
    draft.interrupts.append(rest)


_READERS: Mapping[str, Callable[[_Draft, str], None]] = {
    "uptime": _read_uptime,
    "load": _read_load,
    "memory": _read_memory,
    "zone": _read_zone,
    "clock": _read_clock,
    "irq": _read_interrupts,
}
_NAMES = frozenset(("uptime", "load", "MemTotal:", "MemFree:", "MemAvailable:", "CmaTotal:", "CmaFree:"))


def _keep(draft: _Draft, name: str, text: str) -> None:
    value = _number(text)
    if name in _NAMES and value is not None and value >= 0:
        draft.numbers[name] = value


def _number(text: str) -> float | None:
    """Return a plain decimal number, None if `text` is none; what is as long as no number of a kernel is none."""
    try:
        value = float(text) if len(text) <= 24 and text.isascii() else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e19 else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _celsius(text: str) -> float | None:
    value = _number(text)
    if value is None or not _COLDEST <= value / 1000 <= _HOTTEST:
        return None
    return value / 1000


def _mhz(text: str) -> float | None:
    """Return MHz from the kHz that cpufreq prints."""
    value = _number(text)
    return None if value is None or not 0 < value < 1e9 else value / 1000
