"""Measurements: what a bench leaves behind, as files that merge, are found again by their model, and name nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.measurements.measurement import (
        ClockConditions,
        ComparedTensor,
        Conditions,
        Evidence,
        MeasuredBoard,
        MeasuredModel,
        MeasuredPlacement,
        MeasuredRun,
        MeasuredSoftware,
        Measurement,
        OperatorMeasurement,
        OutputComparison,
        PredictedTime,
        Proof,
        ProofVerdict,
        Role,
        RunSettings,
        SteadyTime,
        UsedFile,
        ZoneConditions,
    )

__all__ = [
    "ClockConditions",
    "ComparedTensor",
    "Conditions",
    "Evidence",
    "MeasuredBoard",
    "MeasuredModel",
    "MeasuredPlacement",
    "MeasuredRun",
    "MeasuredSoftware",
    "Measurement",
    "OperatorMeasurement",
    "OutputComparison",
    "PredictedTime",
    "Proof",
    "ProofVerdict",
    "Role",
    "RunSettings",
    "SteadyTime",
    "UsedFile",
    "ZoneConditions",
]

_HOMES = {
    "npufit.measurements.measurement": (
        "ClockConditions",
        "ComparedTensor",
        "Conditions",
        "Evidence",
        "MeasuredBoard",
        "MeasuredModel",
        "MeasuredPlacement",
        "MeasuredRun",
        "MeasuredSoftware",
        "Measurement",
        "OperatorMeasurement",
        "OutputComparison",
        "PredictedTime",
        "Proof",
        "ProofVerdict",
        "Role",
        "RunSettings",
        "SteadyTime",
        "UsedFile",
        "ZoneConditions",
    ),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
