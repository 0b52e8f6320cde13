"""Logs that people published, and what each of them measures: the CPU, an NPU, or nothing that a target has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from npufit.cost.kernels import Kernels
from npufit.cost.measured import count_nodes, find_delegate
from npufit.cost.measured.benchmark_log import is_benchmark_log, read_benchmark_log
from npufit.cost.measured.observation import Statistic
from npufit.cost.measured.observation_file import read_observations
from npufit.errors import InputError
from npufit.stacks import Unit

_LOGS = Path(__file__).parent / "benchmark_logs"
_CPU, _NPU = Unit.CPU, Unit.NPU
_MEAN, _MEDIAN = Statistic.MEAN, Statistic.MEDIAN
_BUILTIN, _XNNPACK = Kernels.BUILTIN, Kernels.XNNPACK


@dataclass(frozen=True, slots=True)
class _Run:
    """What a run measures, as its log says."""

    ms: float
    unit: Unit
    model: str
    threads: int = 1
    statistic: Statistic = _MEAN
    stack: str = ""
    kernels: Kernels | None = None
    operators: int = 0
    delegate_ms: float | None = None


_SSD = "ssd_mobilenet_v2_coco.tflite"
_MOBILENET = "mobilenet_v1_1.0_224_quant.tflite"
_READ: dict[str, tuple[_Run, ...]] = {
    "android_xnnpack_outlier_and_failure": (
        _Run(51.891, _CPU, "tiny_muaalem_float32.tflite", 1, _MEDIAN, kernels=_XNNPACK),
    ),
    "armnn_issue541_cpu_aarch64": (_Run(0.166798, _CPU, "model_32bits_float.tflite"),),
    "armnn_issue541_cpu_pi4": (_Run(0.069691, _CPU, "ts_75.tflite"),),
    # label_image runs with 4 threads unless it is told otherwise.
    "ethosu_imx93_label_image_2.11.1": (_Run(3.882, _NPU, "mobilenet_v1_1.0_224_quant_vela.tflite", 4, stack="vela"),),
    "neutron_imx95_gate_lines": (_Run(43.6201, _NPU, "", stack="neutron"),),
    "neutron_imx95_scrfd_litert_opprofile": (
        _Run(15.385, _NPU, "scrfd_500m_kps_neutron.tflite", 1, _MEDIAN, "neutron", _XNNPACK, 0, 3.665),
    ),
    "neutron_imx95_yolov8n_pose_litert_opprofile_excerpt": (
        _Run(45.36, _NPU, "yolov8n_pose_neutron.tflite", 1, _MEDIAN, "neutron", _XNNPACK, 3, 13.137),
    ),
    "qcom_rb1_xnnpack_and_gpu": (_Run(105.718, _CPU, "mobilenet_quant_v1_224.tflite", 1, _MEDIAN, "", _XNNPACK),),
    "ti_am62x_builtin_2.18.0": (_Run(971.535, _CPU, _SSD, 4, kernels=_BUILTIN),),
    "ti_am62x_builtin_2.20.0": (_Run(1239.807, _CPU, _SSD, 4, _MEDIAN, kernels=_BUILTIN),),
    "ti_am62x_xnnpack_2.18.0": (_Run(602.943, _CPU, _SSD, 4, kernels=_XNNPACK),),
    "ti_am62x_xnnpack_2.20.0": (_Run(899.281, _CPU, _SSD, 4, _MEDIAN, kernels=_XNNPACK),),
    "ti_old_format_tf1": (_Run(137.722, _CPU, _MOBILENET),),
    # No line counts nodes; TIM-VX's layout inference shows that it compiled a partition.
    "vx_imx8mp_label_image_2.10.0": (_Run(2.76, _NPU, _MOBILENET, 4, stack="vx"),),
    "vx_imx8mp_label_image_2.11.1": (_Run(2.801, _NPU, _MOBILENET, 4, stack="vx"),),
    "vx_synap_mobilenet_v1_025_2.15.0": (_Run(1.09648, _NPU, "mobilenet_v1_0.25_224_quant.tflite", stack="vx"),),
    "xnnpack_issue999_pi_opprofile_head": (
        _Run(55.0432, _CPU, "yolo_best_recall_int8_static.tflite", 4, kernels=_XNNPACK),
    ),
}
"""The runs in each log that are measurements."""

_REFUSED: dict[str, tuple[str, ...]] = {
    "acl_issue1062_external_complete": ("ran on Arm NN",),
    "android_xnnpack_outlier_and_failure": ("run 2: it failed: Node number 57 (BATCH_MATMUL) failed to prepare",),
    "armnn_issue716_failed_to_apply": ("Arm NN could not be applied",),
    "armnn_issue716_xnnpack_failed": ("XNNPACK could not be applied",),
    "ethosu_imx93_evidence_lines": ("no time of an inference",),
    "ethosu_imx93_no_permission_lines": ("failed: [inference] NPU delegate failed",),
    "gpu_then_nnapi_two_delegates": ("ran on the GPU delegate",),
    "neutron_imx95_gate_lines": ("run 2: it has no time",),
    "neutron_imx95_python_edgefirst": ("no time of an inference",),
    "nnapi_synap_opprofile_and_counter": ("run 1: it was meant to run on NNAPI", "run 2: it was meant to run on NNAPI"),
    "pixel8_external_segfault": ("failed: Segmentation fault",),
    "pixel8_npu_counter_table": ("Expected a CSV file",),
    "qcom_rb1_xnnpack_and_gpu": ("run 2: it ran on the GPU delegate",),
    "qnn_issue83344_zero_delegated": ("no time of an inference",),
    "teflon_etnaviv_a311d_verbose": ("whole milliseconds of each call of the NPU",),
    "tf_issue43541_gpu_android_arm": ("ran on the GPU delegate",),
    "tf_issue56301_nnapi_logcat": ("no time of an inference",),
    "tf_pr55383_delegate_not_loaded": ("the library of the VX delegate could not be loaded",),
    "vx_a311d_issue71_crash": ("no time of an inference",),
    "vx_a311d_mobilenetv2_2.8_issue316": ("no time of an inference",),
}
"""What is said of each run that is none."""


@pytest.mark.parametrize("path", sorted(_LOGS.glob("*.txt")), ids=lambda path: path.stem)
def test_a_published_log_is_read_as_what_it_is(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# source: ")
    runs, refused = _READ.get(path.stem, ()), _REFUSED.get(path.stem, ())
    assert runs or refused, "this log is in neither table"
    if not runs:
        with pytest.raises(InputError) as caught:
            read_observations(path)
        for reason in refused:
            assert reason in str(caught.value)
        return
    found = read_observations(path)
    assert len(found.refused) == len(refused)
    for said, reason in zip(found.refused, refused, strict=True):
        assert reason in said
    assert tuple(
        _Run(
            run.ms, run.unit, run.model.rpartition("/")[2], run.threads, run.statistic or _MEAN, run.stack,
            run.kernels, len(run.operators), run.delegate_ms,
        )
        for run in found.runs
    ) == runs  # fmt: skip


def _log(*lines: str, command: str = "", average: str = "15239.4") -> str:
    return "\n".join(
        [
            command,
            "STARTING!",
            "Graph: [net.tflite]",
            *lines,
            f"Inference timings in us: Inference (avg): {average}",
            "",
        ]
    )


_PATH = "External delegate path: [/usr/lib/{}]"
_CREATED = "EXTERNAL delegate created."
_COMPLETELY = "Explicitly applied EXTERNAL delegate, and the model graph will be completely executed by the delegate."
_NOT_AT_ALL = "Though EXTERNAL delegate is explicitly applied, the model graph will not be executed by the delegate."


@pytest.mark.parametrize(
    ("library", "stack"),
    [
        ("libethosu_delegate.so", "vela"),
        ("libethosu_direct_delegate.so", "direct"),
        ("libneutron_delegate.so", "neutron"),
        ("liblitert_neutron_delegate.so", "neutron"),
        ("libvx_delegate.so.2", "vx"),
        ("libteflon.so", "teflon"),
        ("libarmnnDelegate.so", None),
        ("libQnnTFLiteDelegate.so", None),
        ("libedgetpu.so.1", None),
        ("libmine.so", None),
    ],
)
def test_an_external_delegate_is_known_by_its_library(library: str, stack: str | None) -> None:
    path = _PATH.format(library)
    for said in (_COMPLETELY, _COMPLETELY.replace("completely", "partially") + " w/ 2 delegate kernels."):
        log = _log(path, _CREATED, said)
        if stack is None:
            with pytest.raises(InputError, match="neither the CPU alone nor the NPU"):
                read_benchmark_log(log, "log")
        else:
            (run,) = read_benchmark_log(log, "log").runs
            assert (run.unit, run.stack) == (_NPU, stack)


@pytest.mark.parametrize(
    "lines",
    [
        (_PATH.format("libvx_delegate.so"),),
        (_PATH.format("libvx_delegate.so"), _CREATED),
        (_PATH.format("libvx_delegate.so"), _CREATED, "Applied EXTERNAL delegate."),
        (_CREATED,),
    ],
)
def test_that_a_delegate_was_created_proves_nothing(lines: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"proves nothing|neither the CPU alone nor the NPU"):
        read_benchmark_log(_log(*lines), "log")


@pytest.mark.parametrize(
    "lines",
    [
        (_PATH.format("libvx_delegate.so"), _CREATED, _NOT_AT_ALL),
        (
            _PATH.format("libvx_delegate.so"),
            "Unable to load external delegate from : /usr/lib/libvx_delegate.so (dlopen failed)",
            _CREATED,
        ),
        (
            _PATH.format("libteflon.so"),
            "Teflon Delegate delegate: 0 nodes delegated out of 31 nodes with 0 partitions.",
        ),
        ("Use gpu: [1]", "GPU delegate created.", _NOT_AT_ALL.replace("EXTERNAL", "GPU")),
    ],
)
def test_a_delegate_that_took_nothing_leaves_the_cpu(lines: tuple[str, ...]) -> None:
    (run,) = read_benchmark_log(_log(*lines), "log").runs
    assert (run.unit, run.stack) == (_CPU, "")


def test_each_delegate_has_its_own_verdict() -> None:
    """The last line alone would say that nothing was delegated, the first alone that the GPU had it."""
    npu = "NeutronDelegate delegate: 1 nodes delegated out of 3 nodes with 1 partitions."
    (run,) = read_benchmark_log(_log(npu, _NOT_AT_ALL.replace("EXTERNAL", "GPU")), "log").runs
    assert (run.unit, run.stack) == (_NPU, "neutron")
    with pytest.raises(InputError, match="several delegates took nodes"):
        read_benchmark_log(_log(npu, "EthosuDelegate: 1 nodes delegated out of 9 nodes with 1 partitions"), "log")
    xnnpack = "Replacing 30 out of 31 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 3 partitions."
    (run,) = read_benchmark_log(_log(npu.replace("1 nodes", "0 nodes"), xnnpack), "log").runs
    assert (run.unit, run.kernels) == (_CPU, _XNNPACK)


@pytest.mark.parametrize(
    ("command", "printed", "threads"),
    [
        ("./benchmark_model --graph=a.tflite --num_threads=3", "", 3),
        ("./linux_aarch64_benchmark_model \\\n  --graph=a.tflite \\\n  --num_threads=3", "", 3),
        ("./benchmark_model --graph=a.tflite --num_threads=3", "Num threads: [2]", 2),
        ("./benchmark_model --graph=a.tflite", "#threads used for CPU inference: [4]", 4),
        ("./benchmark_model --graph=a.tflite", "", 1),
        ("./benchmark_model --graph=a.tflite", "Num threads: [-1]", 1),
        ("INFO: Running TensorFlow Lite benchmark with args: --num_threads=2 --graph=a.tflite", "", 2),
    ],
)
def test_threads_are_those_that_the_tool_printed_else_those_of_the_command(
    command: str, printed: str, threads: int
) -> None:
    (run,) = read_benchmark_log(_log(printed, command=command), "log").runs
    assert run.threads == threads


def test_logcat_colours_and_levels_are_no_part_of_a_line() -> None:
    log = "\n".join(
        f"05-31 10:31:13.006 21767 21767 I tflite  : \x1b[32mINFO: {line}\x1b[0m\r"
        for line in _log("EthosuDelegate: 2 nodes delegated out of 3 nodes", command="benchmark with args: --x").split(
            "\n"
        )
    )
    (run,) = read_benchmark_log(log, "log").runs
    assert (run.model, run.unit, run.ms) == ("net.tflite", _NPU, 15.2394)


def test_the_median_counts_only_where_it_is_that_of_the_timed_inferences() -> None:
    warm_up = "count=9 first=87112 curr=51629 min=51629 max=87112 avg=58147.4 std=11478 p5=51629 median=51962 p95=87112"
    timed = "count=50 first=2 curr=3 min=1 max=9 avg=15239.4 std=1 p5=1 median=15000 p95=9"
    (run,) = read_benchmark_log(_log(warm_up), "log").runs
    assert (run.ms, run.statistic) == (15.2394, _MEAN)
    (run,) = read_benchmark_log(_log(warm_up, timed), "log").runs
    assert (run.ms, run.statistic) == (15.0, _MEDIAN)


def test_an_operator_that_is_called_twice_counts_twice() -> None:
    table = [
        "Operator-wise Profiling Info for Regular Benchmark Runs:",
        "=========== Run Order ===========",
        "  [node type]  [first]  [avg ms]  [%]  [cdf%]  [mem KB] [times called] [Name]",
        "  Vx Delegate    3.8  4.0  62.0%  62.0%  0.0  2  []:64",
        "  RESIZE_NEAREST_NEIGHBOR  0.1  0.25  1.0%  63.0%  0.0  3  [a b]:38",
    ]
    (run,) = read_benchmark_log("\n".join([_log(), *table]), "log").runs
    assert (run.unit, run.stack, run.delegate_ms) == (_NPU, "vx", 8.0)
    assert [(entry.type, entry.ms) for entry in run.operators] == [("RESIZE_NEAREST_NEIGHBOR", 0.25)] * 3


def test_a_number_beyond_all_numbers_is_no_count_of_calls() -> None:
    table = [
        "Operator-wise Profiling Info for Regular Benchmark Runs:",
        "=========== Run Order ===========",
        "  [node type]  [first]  [avg ms]  [%]  [cdf%]  [mem KB] [times called] [Name]",
        "  SOFTMAX  0.1  0.25  1.0%  63.0%  0.0  1e999  []:3",
        "  ADD  0.1  1e999  1.0%  63.0%  0.0  1  []:4",
    ]
    (run,) = read_benchmark_log("\n".join([_log(), *table]), "log").runs
    assert [(entry.type, entry.ms) for entry in run.operators] == [("SOFTMAX", 0.25)]


def test_a_run_whose_inferences_failed_is_no_measurement_although_the_tool_timed_them() -> None:
    failed = "Node number 0 (ethos-u) failed to invoke.\nBenchmarking failed."
    with pytest.raises(InputError, match="it failed: Node number 0"):
        read_benchmark_log(f"{_log()}\n{failed}", "log")


def test_teflon_counts_the_operations_of_each_partition() -> None:
    lines = [f"teflon: compiling graph: 35 tensors {count} operations" for count in (3, 4)]
    found = count_nodes("", ["External delegate path: [/usr/lib/libteflon.so]", *lines], find_delegate("libteflon.so"))
    assert found is not None
    assert (found.took, found.of, found.partitions) == (7, None, 2)


def test_a_table_may_speak_of_benchmark_model(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("model,latency_ms,unit,threads,note\nnet,1.5,cpu,1,benchmark_model STARTING!\n", encoding="utf-8")
    assert [run.ms for run in read_observations(path).runs] == [1.5]


def test_a_long_log_takes_time_in_proportion() -> None:
    """A hostile one as well: long lines, many runs, words that begin patterns."""
    lines = ["label_image -m " * 500, "External delegate path: [" * 300, "x" * 9000, "Created TensorFlow Lite " * 300]
    text = "\n".join(lines * 200)
    assert is_benchmark_log(text)
    with pytest.raises(InputError):
        read_benchmark_log(text, "log")
