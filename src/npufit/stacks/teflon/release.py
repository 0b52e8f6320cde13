"""Mesa releases, as far as their rules differ."""

from __future__ import annotations

import re
from enum import IntEnum


class Release(IntEnum):
    """A group of Mesa releases with the same rules, in the order of their appearance."""

    M25_3 = 0
    M26_0 = 1
    M26_1 = 2
    M26_2_0 = 3
    M26_2 = 4
    MAIN = 5

    @property
    def label(self) -> str:
        """The release as it is written in a target."""
        return _LABELS[self]


_LABELS = {
    Release.M25_3: "25.3",
    Release.M26_0: "26.0",
    Release.M26_1: "26.1",
    Release.M26_2_0: "26.2.0",
    Release.M26_2: "26.2",
    Release.MAIN: "main",
}

LATEST = Release.M26_2
"""The newest release; MAIN is not released."""

ALL = frozenset(Release)


def since(first: Release) -> frozenset[Release]:
    """Return `first` and all later releases."""
    return frozenset(release for release in Release if release >= first)


def until(last: Release) -> frozenset[Release]:
    """Return all releases up to `last`."""
    return frozenset(release for release in Release if release <= last)


def find_release(version: str) -> Release | None:
    """Return the release whose rules apply to `version`, or None.

    A point release belongs to its series (26.1.6 to 26.1); 26.2.0 and 26.2.1 lack a fix that came with 26.2.2.
    """
    if version == "main":
        return Release.MAIN
    match = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if not match:
        return None
    major, minor, point = int(match[1]), int(match[2]), match[3]
    if (major, minor) == (26, 2):
        return Release.M26_2_0 if point in ("0", "1") else Release.M26_2
    return {(25, 3): Release.M25_3, (26, 0): Release.M26_0, (26, 1): Release.M26_1}.get((major, minor))


def describe(releases: frozenset[Release]) -> str:
    """Return a run of releases in words, such as `25.3 to 26.1`, `26.2.0 and 26.2.1` or `26.2 and later`."""
    first, last = min(releases), max(releases)
    if releases == ALL:
        return "all (25.3 to main)"
    if first is Release.MAIN:
        return "main (unreleased)"
    if first is last:
        return "26.2.0 and 26.2.1" if first is Release.M26_2_0 else first.label
    start = "26.2" if first is Release.M26_2_0 else first.label
    if last is Release.MAIN:
        return f"{start} and later"
    return start if start == last.label else f"{start} to {last.label}"
