"""Heat, clocks and load of a measurement: what spoilt it is said, and what cannot be known is not claimed."""

from __future__ import annotations

from npufit.boards import Clock, Command, Readings, WatchedRun, Zone
from npufit.measuring.conditions import conditions_of

PMIC = Zone("thermal_zone2", "pf09", 105.0, None)


def reading(celsius: float, mhz: float | None, *, governor: str = "performance", load: float = 0.1) -> Readings:
    zones = (Zone("thermal_zone0", "cpu-thermal", celsius, 80.0), PMIC)
    return Readings(1.0, {}, zones, (Clock("policy0", "0 1", governor, mhz, 1700.0),), load, cma_free_kb=int(celsius))


def run(*readings: Readings) -> WatchedRun:
    before, *during, after = readings
    return WatchedRun(Command(("true",)), before, tuple(during), after, 0, b"")


def test_a_cool_board_with_steady_clocks_is_not_throttled() -> None:
    found = conditions_of([run(reading(46, 1700), reading(50, 1700), reading(49, 1700, load=0.9))])
    assert found.throttled is False
    assert not found.sentences
    assert (found.load_before, found.load_after) == (0.1, 0.9)
    assert (found.cma_free_before_kb, found.cma_free_lowest_kb) == (46, 46)
    [cpu, _] = found.zones
    assert (cpu.before_c, cpu.highest_c, cpu.after_c, cpu.trip_c) == (46, 50, 49, 80)
    [clock] = found.clocks
    assert (clock.before_mhz, clock.lowest_mhz, clock.after_mhz) == (1700, 1700, 1700)


def test_a_trip_point_that_is_reached_and_a_clock_that_falls_are_throttling() -> None:
    hot = conditions_of([run(reading(70, 1700), reading(80, 1700), reading(79, 1700))])
    assert hot.throttled
    assert hot.sentences[0].startswith("Throttled: cpu-thermal reached 80 °C")
    slow = conditions_of([run(reading(46, 1700), reading(50, 1200), reading(50, 1700))])
    assert slow.throttled
    assert slow.sentences[0].startswith("Throttled: cores 0 1 ran at 1200 of 1700 MHz")


def test_being_near_the_trip_point_and_a_governor_that_saves_are_no_throttling() -> None:
    near = conditions_of([run(reading(70, 1700), reading(77, 1700), reading(76, 1700))])
    assert near.throttled is False
    assert "near the 80 °C" in near.sentences[0]
    saving = conditions_of([run(*(reading(46, mhz, governor="ondemand") for mhz in (500, 900, 500)))], ["Changed."])
    assert saving.throttled is False
    assert saving.sentences[0] == "Changed."
    assert "ran cores 0 1 at 900 of 1700 MHz" in saving.sentences[1]


def test_the_flat_zones_of_a_pmic_are_not_believed() -> None:
    flat = Zone("thermal_zone2", "pf09", 105.0, 105.0)
    same = Readings(1.0, {}, (flat,), ())
    assert conditions_of([run(same, same, same)]).throttled is None
    moved = Readings(1.0, {}, (Zone("thermal_zone2", "pf09", 104.0, 105.0),), ())
    assert conditions_of([run(moved, same, moved)]).throttled


def test_what_a_board_does_not_tell_is_unknown() -> None:
    silent = Readings(1.0, {})
    assert conditions_of([run(silent, silent)]).throttled is None
    assert conditions_of([]).throttled is None
    assert "The load was 1.5" in conditions_of([run(reading(46, None, load=1.5), reading(46, None))]).sentences[0]
