"""What probed limits say about one operator: taken, beyond a limit, or never asked about."""

from __future__ import annotations

from collections.abc import Iterable

from npufit.stacks.probed.keeping_to import holds_for, is_between, keeps_to
from npufit.stacks.probed.limit import Crash, Limit
from npufit.stacks.probed.probed_rules import AskedRange
from npufit.stacks.probed.quantities import Measured, is_known, value_of


def broken_limit(limits: Iterable[Limit], measured: Measured) -> Limit | None:
    """Return the first of `limits` that an operator is beyond, None if it is within all."""
    return next((limit for limit in limits if keeps_to(limit, measured) is False), None)


def unasked_gap(limits: Iterable[Limit], measured: Measured) -> Limit | None:
    """Return the first of `limits` that may or may not be exceeded: nobody asked between its two sides."""
    return next((limit for limit in limits if holds_for(limit, measured) and is_between(limit, measured)), None)


def unasked_range(ranges: Iterable[AskedRange], limits: Iterable[Limit], measured: Measured) -> AskedRange | None:
    """Return the first range that an operator is outside of, so that nothing is known of it.

    Of a set of accepted values only these are known, not what lies between them.
    """
    for asked in ranges:
        value = measured.get(asked.quantity)
        if value is not None and not asked.covers(value):
            return asked
    for limit in limits:
        if value_of(limit.quantity, measured) is not None and keeps_to(limit, measured) is None:
            return AskedRange(limit.quantity, words=tuple(map(str, limit.accepted)))
    return None


def known_crash(crashes: Iterable[Crash], measured: Measured) -> Crash | None:
    """Return the crash whose model had the same values, None if none had."""
    return next((crash for crash in crashes if _is_same(crash, measured)), None)


def _is_same(crash: Crash, measured: Measured) -> bool:
    comparable = [(name, value) for name, value in crash.values if is_known(name)]
    return bool(comparable) and all(value_of(name, measured) == value for name, value in comparable)
