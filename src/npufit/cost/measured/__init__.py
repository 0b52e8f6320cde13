"""Measurements: public ones, the logs and tables that users bring, and what benchmark_model's lines mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.cost.measured.benchmark_delegates import (
        Delegate,
        Verdict,
        count_nodes,
        delegate_verdicts,
        find_delegate,
        is_delegate,
    )
    from npufit.cost.measured.benchmark_lines import plain_lines
    from npufit.cost.measured.benchmark_nodes import Nodes
    from npufit.cost.measured.benchmark_profile import ProfileRow, read_profile_rows
    from npufit.cost.measured.benchmark_statistics import Statistics, read_session, read_statistics
    from npufit.cost.measured.observation import Observation, OperatorTime, Statistic
    from npufit.cost.measured.observation_file import read_observations
    from npufit.cost.measured.public_measurements import Row, architecture, measured_rows

__all__ = [
    "Delegate",
    "Nodes",
    "Observation",
    "OperatorTime",
    "ProfileRow",
    "Row",
    "Statistic",
    "Statistics",
    "Verdict",
    "architecture",
    "count_nodes",
    "delegate_verdicts",
    "find_delegate",
    "is_delegate",
    "measured_rows",
    "plain_lines",
    "read_observations",
    "read_profile_rows",
    "read_session",
    "read_statistics",
]

_HOMES = {
    "npufit.cost.measured.benchmark_delegates": (
        "Delegate",
        "Verdict",
        "count_nodes",
        "delegate_verdicts",
        "find_delegate",
        "is_delegate",
    ),
    "npufit.cost.measured.benchmark_lines": ("plain_lines",),
    "npufit.cost.measured.benchmark_nodes": ("Nodes",),
    "npufit.cost.measured.benchmark_profile": (
        "ProfileRow",
        "read_profile_rows",
    ),
    "npufit.cost.measured.benchmark_statistics": (
        "Statistics",
        "read_session",
        "read_statistics",
    ),
    "npufit.cost.measured.observation": ("Observation", "OperatorTime", "Statistic"),
    "npufit.cost.measured.observation_file": ("read_observations",),
    "npufit.cost.measured.public_measurements": (
        "Row",
        "architecture",
        "measured_rows",
    ),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
