"""Measurements as a bench would make them, by hand: for each verdict one, and one whose board is hostile."""

from __future__ import annotations

from dataclasses import replace

from npufit.measurements import (
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

COUNTED = "the NPU interrupted once for each of 151 calls"

PROVEN = Measurement(
    made_by="0.1.0",
    day="2026-11-22",
    model=MeasuredModel("net.tflite", "a" * 64, "b" * 64, 31, "c" * 64, "Vela 3.8.0"),
    target="imx93/vela@lf-6.1.36",
    board=MeasuredBoard("imx93", "NXP i.MX93 11X11 EVK", ("fsl,imx93",), "i.MX93", "1.1", "aarch64", 2),
    software=MeasuredSoftware(
        kernel="6.1.36",
        os="imx 6.1",
        bsp="lf-6.1.36",
        mesa="",
        tool="benchmark_model",
        tool_version="",
        runtime="TensorFlow Lite",
        runtime_version="2.11.1",
        files=(UsedFile("delegate", "libethosu_delegate.so", "12ab34cd" * 8),),
    ),
    settings=RunSettings(
        2, 3, True, ("performance",), "", "libethosu_delegate.so", "", "benchmark_model --graph=MODEL"
    ),
    proof=Proof(
        ProofVerdict.PROVEN,
        COUNTED,
        (Evidence("/proc/interrupts: ethosu", ProofVerdict.PROVEN, COUNTED, 0, 51, 151, 51, 151, "one job a call"),),
    ),
    cpu=SteadyTime(51.8, "median", 51.2, 53.1, 50.9, 3, 3.2, 60.1, 12.4),
    npu=SteadyTime(3.78, "median", 3.75, 3.81, 3.71, 3, 12.8, 19.1, 9.8),
    placement=MeasuredPlacement(31, 0, 1, "the board's log"),
    predicted=PredictedTime(3.9, 2.4, 6.5, 48.0, "14 public measurements"),
    outputs=OutputComparison(
        "LiteRT BUILTIN_REF", "random input of seed 0", True, "d" * 64, (ComparedTensor("out", "uint8", 1001, 0, 0.0),)
    ),
    operators=tuple(
        OperatorMeasurement("npu", "CONV_2D", f"conv{index}", index, 0.5 + index, how="cycles") for index in range(3)
    ),
    conditions=Conditions(
        (ZoneConditions("cpu-thermal", 44.0, 47.5, 47.0, 85.0),),
        (ClockConditions("0-1", "performance", 1700.0, 1700.0, 1700.0, 1700.0),),
        0.1,
        throttled=False,
    ),
    runs=tuple(
        MeasuredRun(Role.NPU, order, 50, 51, 3.8, 3.78, 3.7, 4.2, counters=(("ethosu", 51),))
        if order % 2
        else MeasuredRun(Role.CPU, order, 50, 51, 52.0, 51.8, 51.0, 53.0)
        for order in range(6)
    ),
    log=("INFO: EthosuDelegate: 1 nodes delegated out of 1 nodes with 1 partitions.",),
)
CONTRADICTED = replace(
    PROVEN,
    npu=None,
    outputs=None,
    operators=(),
    proof=Proof(
        ProofVerdict.CONTRADICTED,
        "ethosu counted 0 in 151 calls",
        (Evidence("/proc/interrupts: ethosu", ProofVerdict.CONTRADICTED, "it stood still", 0, 51, 0, 51, 151),),
    ),
    problems=("Failed to load delegate",),
)
LOCAL = replace(
    CONTRADICTED,
    target="",
    predicted=None,
    placement=None,
    problems=(),
    predicted_unavailable="this CPU is in no chip file",
    board=MeasuredBoard("", "", (), "", "", "x86_64", 2),
    proof=Proof(ProofVerdict.UNKNOWN, "there is no NPU"),
)

_BAD = "\x1b[2J\x1b]0;owned\x07 <script>window.stolen = 1</script> \u202egnp.exe"
HOSTILE = replace(
    CONTRADICTED,
    model=replace(PROVEN.model, name=_BAD),
    board=MeasuredBoard("", _BAD, (_BAD,), _BAD, _BAD, _BAD, 2, _BAD),
    proof=Proof(ProofVerdict.UNKNOWN, _BAD, (Evidence(_BAD, ProofVerdict.UNKNOWN, f"{_BAD}!", 1, 2, 3, 4, 5, _BAD),)),
    operators=(OperatorMeasurement("npu", _BAD, _BAD, 1, 2.0, how=_BAD),),
    conditions=Conditions((ZoneConditions(_BAD, 1.0, 2.0, 1.0, None),), sentences=(_BAD,)),
    problems=(_BAD, "a\nb"),
    log=(_BAD, "\r\n\x00"),
)
