"""Measurements: what a bench leaves behind, as files that merge, are found again by their model, and name nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.measurements.digests import model_digest, structure_digest
    from npufit.measurements.folder import (
        MatchedMeasurement,
        ModelMeasurements,
        ReadMeasurements,
        SavedMeasurement,
        measurements_of,
        read_measurements,
        write_measurement,
    )
    from npufit.measurements.form import FORM, content_digest, measurement_bytes, parse_measurement
    from npufit.measurements.identity import without_identity
    from npufit.measurements.measurement import (
        PC_ARCHITECTURES,
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
    from npufit.measurements.places import FORM_KEY, default_folder, files_in, is_measurement_file
    from npufit.measurements.privacy import anonymous

__all__ = [
    "FORM",
    "FORM_KEY",
    "PC_ARCHITECTURES",
    "ClockConditions",
    "ComparedTensor",
    "Conditions",
    "Evidence",
    "MatchedMeasurement",
    "MeasuredBoard",
    "MeasuredModel",
    "MeasuredPlacement",
    "MeasuredRun",
    "MeasuredSoftware",
    "Measurement",
    "ModelMeasurements",
    "OperatorMeasurement",
    "OutputComparison",
    "PredictedTime",
    "Proof",
    "ProofVerdict",
    "ReadMeasurements",
    "Role",
    "RunSettings",
    "SavedMeasurement",
    "SteadyTime",
    "UsedFile",
    "ZoneConditions",
    "anonymous",
    "content_digest",
    "default_folder",
    "files_in",
    "is_measurement_file",
    "measurement_bytes",
    "measurements_of",
    "model_digest",
    "parse_measurement",
    "read_measurements",
    "structure_digest",
    "without_identity",
    "write_measurement",
]

_HOMES = {
    "npufit.measurements.digests": ("model_digest", "structure_digest"),
    "npufit.measurements.folder": (
        "MatchedMeasurement",
        "ModelMeasurements",
        "ReadMeasurements",
        "SavedMeasurement",
        "measurements_of",
        "read_measurements",
        "write_measurement",
    ),
    "npufit.measurements.form": ("FORM", "content_digest", "measurement_bytes", "parse_measurement"),
    "npufit.measurements.identity": ("without_identity",),
    "npufit.measurements.measurement": (
        "PC_ARCHITECTURES",
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
    "npufit.measurements.places": ("FORM_KEY", "default_folder", "files_in", "is_measurement_file"),
    "npufit.measurements.privacy": ("anonymous",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
