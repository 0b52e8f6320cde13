"""Measurements made up for tests: no board was measured. The numbers are plausible, and tell cases apart."""

from __future__ import annotations

from dataclasses import replace

from npufit.graph import Model
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
    model_digest,
    structure_digest,
)

_DIGESTS = {
    name: f"{position:02x}" * 32 for position, name in enumerate(("delegate", "firmware", "outputs", "neutron"), 1)
}

IMX93 = MeasuredBoard(
    chip="imx93",
    model="NXP i.MX93 11X11 EVK board",
    compatible=("fsl,imx93-11x11-evk", "fsl,imx93"),
    soc="i.MX93",
    revision="1.1",
    architecture="aarch64",
    cores=2,
    label="evk on the desk",
)
IMX95 = MeasuredBoard(
    "imx95", "NXP i.MX95 19X19 board", ("fsl,imx95-19x19-evk", "fsl,imx95"), "i.MX95", "1.1", "aarch64", 6
)
LAPTOP = MeasuredBoard("", "", (), "", "", "x86_64", 8)

IMX93_BSP = MeasuredSoftware(
    kernel="6.1.36-lts-next",
    os="fsl-imx-xwayland 6.1-mickledore",
    bsp="lf-6.1.36",
    mesa="",
    tool="benchmark_model",
    tool_version="2.11.1",
    runtime="tensorflow-lite",
    runtime_version="2.11.1",
    files=(
        UsedFile("delegate", "libethosu_delegate.so", _DIGESTS["delegate"]),
        UsedFile("firmware", "ethosu_firmware", _DIGESTS["firmware"], "22.08"),
    ),
)


def model_of(model: Model, name: str = "", *, compiled_by: str = "") -> MeasuredModel:
    """Return what a measurement says of a model that no file holds."""
    operators = sum(len(subgraph.operators) for subgraph in model.subgraphs)
    compiled = "cd" * 32 if compiled_by else ""
    return MeasuredModel(
        name or model.name, model_digest(model), structure_digest(model), operators, compiled, compiled_by
    )


def proven(model: MeasuredModel, ms: float = 3.78, cpu_ms: float = 51.8) -> Measurement:
    """Return a run on an i.MX93 with NXP's delegate whose NPU interrupted at each call, with each operator's time."""
    evidence = Evidence(
        source="/proc/interrupts: ethosu",
        says=ProofVerdict.PROVEN,
        sentence="ethosu interrupted 151 times in 151 calls, and never on the CPU alone",
        on_cpu=0,
        known=101,
        model=151,
        known_calls=101,
        calls=151,
        assumes="no other program uses the NPU",
    )
    return Measurement(
        made_by="npufit 0.9.0",
        day="2026-11-22",
        model=model,
        target="imx93/vela@lf-6.1.36",
        board=IMX93,
        software=IMX93_BSP,
        settings=RunSettings(
            threads=2,
            processes=5,
            xnnpack=True,
            governors=("performance",),
            delegate="libethosu_delegate.so",
            delegate_options="enable_profiling:false",
            command="benchmark_model --graph=net_vela.tflite --external_delegate_path=libethosu_delegate.so",
        ),
        proof=Proof(ProofVerdict.PROVEN, "the NPU interrupted once for each of 151 calls", (evidence,)),
        cpu=SteadyTime(cpu_ms, "mean", 0.99 * cpu_ms, 1.01 * cpu_ms, 0.985 * cpu_ms, 5, 12.5, 1.09 * cpu_ms, 34.5),
        npu=SteadyTime(ms, "mean", 0.99 * ms, 1.02 * ms, 0.98 * ms, 5, 31.2, 1.6 * ms, 22.0),
        placement=MeasuredPlacement(max(model.operators - 2, 1), 2, 1, "board's log"),
        predicted=PredictedTime(3.9, 2.4, 6.5, 50.0, "public measurements of imx93/vela"),
        operators=(
            OperatorMeasurement("npu", "ethos-u", "ethos_u_command_stream", 0, 0.94 * ms, None, 151, "profile"),
            OperatorMeasurement(
                "cpu", "SOFTMAX", "MobilenetV1/Predictions/Reshape_1", 1, 0.02 * ms, None, 151, "profile"
            ),
        ),
        conditions=Conditions(
            zones=(ZoneConditions("cpu-thermal", 44.0, 47.5, 47.0, 95.0),),
            clocks=(ClockConditions("0-1", "performance", 1700.0, 1700.0, 1700.0, 1700.0),),
            load_before=0.05,
            load_after=0.9,
            cma_free_before_kb=860_000,
            cma_free_lowest_kb=851_000,
            throttled=False,
        ),
        runs=tuple(_runs(ms, cpu_ms)),
        log=("INFO: EthosuDelegate: 1 nodes delegated out of 2 nodes with 1 partitions.",),
    )


def _runs(ms: float, cpu_ms: float) -> list[MeasuredRun]:
    runs: list[MeasuredRun] = []
    for turn in range(5):
        drift = 1 + 0.004 * (turn - 2)
        for role, time, interrupts in ((Role.CPU, cpu_ms, 0), (Role.NPU, ms, 151)):
            runs.append(
                MeasuredRun(
                    role,
                    len(runs),
                    count=150,
                    calls=151,
                    mean_ms=time * drift,
                    min_ms=time * 0.98,
                    max_ms=time * 1.2,
                    std_ms=time * 0.01,
                    initialization_ms=12.5,
                    first_ms=time * 1.1,
                    memory_mb=22.0,
                    counters=(("ethosu", interrupts),),
                )
            )
    runs.append(MeasuredRun(Role.KNOWN, len(runs), count=100, calls=101, mean_ms=2.6, counters=(("ethosu", 101),)))
    return runs


def contradicted(model: MeasuredModel) -> Measurement:
    """Return a run whose delegate was loaded and whose NPU never interrupted: it ran on the CPU, so it has no time."""
    whole = proven(model)
    evidence = replace(
        whole.proof.evidence[0],
        says=ProofVerdict.CONTRADICTED,
        sentence="ethosu never interrupted in 151 calls, although it did with the known network",
        model=0,
    )
    sentence = "the NPU never interrupted in 151 calls of this model, although it did with the known network"
    return replace(
        whole,
        proof=Proof(ProofVerdict.CONTRADICTED, sentence, (evidence,)),
        npu=None,
        operators=(),
        placement=MeasuredPlacement(0, model.operators, 0, "board's log"),
        runs=tuple(replace(run, counters=(("ethosu", 0),)) if run.role is Role.NPU else run for run in whole.runs),
        log=(
            "EXTERNAL delegate created.",
            "INFO: EthosuDelegate: 0 nodes delegated out of 31 nodes with 0 partitions.",
        ),
    )


def unknown_on_laptop(model: MeasuredModel) -> Measurement:
    """Return a run on the CPU of a computer that npufit has no chip file of."""
    whole = proven(model)
    return replace(
        whole,
        target="",
        board=LAPTOP,
        software=MeasuredSoftware(
            "6.12.9", "debian 13", "", "", "litert-benchmark", "2.1.6", "ai-edge-litert", "2.1.6"
        ),
        settings=RunSettings(1, 1, True, ("powersave",), command="litert-benchmark --graph=net.tflite"),
        proof=Proof(ProofVerdict.UNKNOWN, "no NPU that npufit knows was found, so nothing could be proven"),
        cpu=SteadyTime(8.31, "median", 8.31, 8.31, 8.02, 1, 3.1, 9.9, 41.0),
        npu=None,
        placement=None,
        predicted=None,
        predicted_unavailable="this CPU is in no chip file, so npufit predicts nothing for it",
        operators=(OperatorMeasurement("cpu", "CONV_2D", "MobilenetV1/Conv2d_0/Relu6", 0, 0.41, None, 1, "profile"),),
        conditions=Conditions(
            clocks=(ClockConditions("0-7", "powersave", 800.0, 800.0, 3900.0, 4100.0),),
            load_before=2.4,
            load_after=2.9,
            sentences=("other programs kept 2 CPUs busy before the first run",),
        ),
        runs=(MeasuredRun(Role.CPU, 0, 120, 125, 8.4, 8.31, 8.02, 12.0, 8.1, 9.0, 0.3, 3.1, 9.9, 41.0),),
        log=(),
    )


def consistent(model: MeasuredModel) -> Measurement:
    """Return a run on an i.MX95 whose NPU cannot be counted, throttled, and with outputs that differ."""
    evidence = Evidence(
        "CmaFree",
        ProofVerdict.CONSISTENT,
        "free contiguous memory fell by 8.2 MB while it ran, and by nothing on the CPU alone",
        on_cpu=0,
        known=8200,
        model=8200,
        assumes="only the NPU's driver takes contiguous memory",
    )
    whole = proven(model, 3.17, 37.2)
    return replace(
        whole,
        target="imx95/neutron@1.16",
        board=IMX95,
        software=MeasuredSoftware(
            "6.6.36-lts-next",
            "fsl-imx-xwayland 6.6-scarthgap",
            "lf-6.6.36",
            "",
            "benchmark_model",
            "2.16.2",
            "tensorflow-lite",
            "2.16.2",
            (UsedFile("delegate", "libneutron_delegate.so", _DIGESTS["neutron"], "1.16"),),
        ),
        settings=replace(whole.settings, delegate="libneutron_delegate.so", delegate_options="", xnnpack=False),
        proof=Proof(
            ProofVerdict.CONSISTENT,
            "contiguous memory was taken as with the known network; nothing counts calls",
            (evidence,),
        ),
        predicted=PredictedTime(5.1, 3.9, 7.0, 36.0, "public measurements of imx95/neutron"),
        operators=(),
        outputs=OutputComparison(
            golden="LiteRT's reference kernels",
            input="seed 0",
            is_equal=False,
            digest=_DIGESTS["outputs"],
            tensors=(ComparedTensor("StatefulPartitionedCall:0", "int8", 1000, 41, 23.0),),
            sentence="41 of 1000 values differ, by up to 23 steps",
        ),
        conditions=Conditions(
            zones=(ZoneConditions("a55", 61.0, 94.0, 92.0, 95.0),),
            clocks=(ClockConditions("0-5", "schedutil", 1800.0, 900.0, 1200.0, 1800.0),),
            load_before=0.1,
            load_after=1.1,
            cma_free_before_kb=512_000,
            cma_free_lowest_kb=503_800,
            throttled=True,
            sentences=(
                "throttled: a55 came within 1 °C of its trip at 95 °C, and its clock fell from 1800 to 900 MHz",
            ),
        ),
        log=("NeutronDelegate: 1 nodes delegated out of 3 nodes with 1 partitions",),
    )
