"""Measurements for reports: one for each verdict, one that lacks nothing, and one whose board is hostile."""

from __future__ import annotations

from dataclasses import replace

from measurements import made_measurements
from npufit.measurements import (
    ComparedTensor,
    Conditions,
    Evidence,
    MeasuredBoard,
    MeasuredModel,
    OperatorMeasurement,
    OutputComparison,
    Proof,
    ProofVerdict,
    ZoneConditions,
)

_NET = MeasuredModel("net.tflite", "a" * 64, "b" * 64, 31, "c" * 64, "Vela 3.8.0")

PROVEN = replace(
    made_measurements.proven(_NET),
    outputs=OutputComparison(
        "LiteRT's reference kernels", "seed 0", True, "d" * 64, (ComparedTensor("out", "uint8", 1001, 0, 0.0),)
    ),
)
"""It has every section."""
CONTRADICTED = replace(made_measurements.contradicted(_NET), problems=("Failed to load delegate",))
CONSISTENT = made_measurements.consistent(_NET)
LOCAL = made_measurements.unknown_on_laptop(_NET)

_BAD = "\x1b[2J\x1b]0;owned\x07 <script>window.stolen = 1</script> \u202egnp.exe"
HOSTILE = replace(
    CONTRADICTED,
    model=replace(_NET, name=_BAD),
    board=MeasuredBoard("", _BAD, (_BAD,), _BAD, _BAD, _BAD, 2, _BAD),
    proof=Proof(ProofVerdict.UNKNOWN, _BAD, (Evidence(_BAD, ProofVerdict.UNKNOWN, f"{_BAD}!", 1, 2, 3, 4, 5, _BAD),)),
    operators=(OperatorMeasurement("npu", _BAD, _BAD, 1, 2.0, how=_BAD),),
    conditions=Conditions((ZoneConditions(_BAD, 1.0, 2.0, 1.0, None),), sentences=(_BAD,)),
    problems=(_BAD, "a\nb"),
    log=(_BAD, "\r\n\x00"),
)
