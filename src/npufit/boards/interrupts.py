"""The counters of /proc/interrupts, by the names of devices."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from npufit.formatting import printable

_MOST_LINES = 8192
_LONGEST_NAMES = 400
"""Not shortened in the middle: a device that shares a line must still be found in it."""

_NUMBER = re.compile(r"\s*[0-9a-fA-F]{1,8}", re.ASCII)
_COUNTER = re.compile(r"\d{1,20}", re.ASCII)
_DEVICES = re.compile(r".*\s\s(\S.*)")
"""The kernel separates the names of devices from controller, line and trigger by two spaces (kernel/irq/proc.c)."""

_AFTER_TRIGGER = re.compile(r".*?\s(?:level|edge|none|fasteoi)\s(\S.*)", re.ASCII | re.IGNORECASE)
"""What programs that pass the file on may leave of these spaces: one."""

_TRIGGER = re.compile(r"\d+[ -](?:level|edge|none|fasteoi)", re.ASCII | re.IGNORECASE)


def count_interrupts(lines: Iterable[str]) -> dict[str, int]:
    """Return how often each device interrupted, over all cores; lines with the same names are added.

    `lines` are those of /proc/interrupts, untrusted. A line that several devices share keeps all their names, as it
    prints them: "mmc0, ethosu". Lines that belong to no device, such as those between cores, are left out.
    """
    counts: dict[str, int] = {}
    cores = 0
    for line in itertools.islice(lines, _MOST_LINES):
        number, _, rest = line.partition(":")
        names = line.split()
        if names and all(name.startswith("CPU") for name in names):
            cores = len(names)
        elif cores and _NUMBER.fullmatch(number):
            *counters, device = rest.split(maxsplit=cores) or [""]
            device = device.rstrip("\n")
            found = _DEVICES.fullmatch(device) or _AFTER_TRIGGER.fullmatch(device)
            if len(counters) == cores and all(map(_COUNTER.fullmatch, counters)) and found:
                name = printable(found[1].strip()[:_LONGEST_NAMES])
                if not _TRIGGER.fullmatch(name):
                    counts[name] = counts.get(name, 0) + sum(map(int, counters))
    return counts
