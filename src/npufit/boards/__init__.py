"""Boards: the way to one, what it is and has, and a program that runs there between two readings. Knows no models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.boards.connecting import connect
    from npufit.boards.connection import Completed, Connection
    from npufit.boards.facts import BoardFact, BoardFacts, BoardFile, Candidate, DeviceNode, PythonRuntime
    from npufit.boards.governors import settings
    from npufit.boards.readings import Clock, Command, Readings, WatchedRun, Zone
    from npufit.boards.surveying import survey
    from npufit.boards.watching import read, watch

__all__ = [
    "BoardFact",
    "BoardFacts",
    "BoardFile",
    "Candidate",
    "Clock",
    "Command",
    "Completed",
    "Connection",
    "DeviceNode",
    "PythonRuntime",
    "Readings",
    "WatchedRun",
    "Zone",
    "connect",
    "read",
    "settings",
    "survey",
    "watch",
]

_HOMES = {
    "npufit.boards.connecting": ("connect",),
    "npufit.boards.connection": (
        "Completed",
        "Connection",
    ),
    "npufit.boards.facts": (
        "BoardFact",
        "BoardFacts",
        "BoardFile",
        "Candidate",
        "DeviceNode",
        "PythonRuntime",
    ),
    "npufit.boards.governors": ("settings",),
    "npufit.boards.readings": (
        "Clock",
        "Command",
        "Readings",
        "WatchedRun",
        "Zone",
    ),
    "npufit.boards.surveying": ("survey",),
    "npufit.boards.watching": (
        "read",
        "watch",
    ),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
