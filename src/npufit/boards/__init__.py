"""Boards: the way to one, what it is and has, and a program that runs there between two readings. Knows no models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.boards.connecting import connect
    from npufit.boards.connection import Completed, Connection
    from npufit.boards.facts import BoardFact, BoardFacts, BoardFile, Candidate, DeviceNode, PythonRuntime
    from npufit.boards.readings import Clock, Command, Readings, WatchedRun, Zone

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
    "npufit.boards.readings": (
        "Clock",
        "Command",
        "Readings",
        "WatchedRun",
        "Zone",
    ),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
