"""Measurements from files: CSV tables, and what benchmark_model prints, by both formats of its profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from npufit.cost.measured.observation import Observation, OperatorTime
from npufit.cost.measured.observation_file import read_observations
from npufit.errors import InputError
from npufit.stacks import Unit

_HEADER = "model,latency_ms,unit,threads\n"


def benchmark_log(
    graph: str = "/root/net.tflite",
    average_us: str = "15239.4",
    threads: int = 1,
    delegate: str = "",
    rows: list[tuple[str, float, str]] | None = None,
    *,
    has_start: bool = False,
    prefix: str = "INFO: ",
) -> str:
    """Return what benchmark_model prints, with a profile of `rows` (type, ms, name) in the old or the new format."""
    lines = [
        "STARTING!",
        f"Num threads: [{threads}]",
        f"Graph: [{graph}]",
        f"#threads used for CPU inference: [{threads}]",
        *([delegate] if delegate else []),
        "count=31 first=18621 curr=15740 min=14788 max=18621 avg=15424.4 std=649",
        f"Inference timings in us: Init: 8, First inference: 18621, Warmup (avg): 1e4, Inference (avg): {average_us}",
        "Profiling Info for Benchmark Initialization:",
    ]
    lines = [prefix + line for line in lines] + _table([("AllocateTensors", 9.0, "AllocateTensors/0")], has_start)
    if rows is not None:
        lines += [f"{prefix}Operator-wise Profiling Info for Regular Benchmark Runs:", *_table(rows, has_start)]
        lines += ["============================== Top by Computation Time ==============================", *lines[-3:]]
    return "\n".join(lines) + "\n"


def _table(rows: list[tuple[str, float, str]], has_start: bool) -> list[str]:
    start = "\t          [start]" if has_start else ""
    header = f"\t  [node type]{start}\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]"
    moment = "\t            0.066" if has_start else ""
    return [
        "============================== Run Order ==============================",
        header,
        *(f"\t  {kind}{moment}\t  0.5\t  {ms:.3f}\t 1.0%\t 2.0%\t 0.000\t        1\t{name}" for kind, ms, name in rows),
        "",
    ]


def _read(folder: Path, text: str, name: str = "runs") -> tuple[Observation, ...]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_observations(path).runs


def test_a_table_is_read_with_its_lines(tmp_path: Path) -> None:
    text = "\ufeffUnit, Model,threads,latency_ms,note\ncpu,a.tflite,2,10.5,x\n\nNPU,zoo:mobilenet_v1,,3.25,y\n"
    first, second = _read(tmp_path, text)
    assert (first.model, first.unit, first.threads, first.ms) == ("a.tflite", Unit.CPU, 2, 10.5)
    assert (second.model, second.unit, second.threads, second.ms) == ("zoo:mobilenet_v1", Unit.NPU, 1, 3.25)
    assert first.source.endswith("line 2")
    assert second.source.endswith("line 4")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks the columns model, latency_ms, unit"),
        ("model,unit\nnet,cpu\n", "lacks the columns latency_ms"),
        (_HEADER, "no measurement"),
        (f"{_HEADER}net,fast,cpu,1\n", "line 2: latency_ms is 'fast'"),
        (f"{_HEADER}net,-1,cpu,1\n", "latency_ms"),
        (f"{_HEADER}net,nan,cpu,1\n", "latency_ms"),
        (f"{_HEADER}net,1e99,cpu,1\n", "latency_ms"),
        (f"{_HEADER}net,1,gpu,1\n", "unit is 'gpu', expected cpu or npu"),
        (f"{_HEADER}net,1,cpu,\n", "threads is empty"),
        (f"{_HEADER}net,1,cpu,1000\n", "expected 1 to 64"),
        (f"{_HEADER}net,1,cpu,٣\n", "threads"),
        (f"{_HEADER},1,cpu,1\n", "model is empty"),
        (f"{_HEADER}net\n", "line 2"),
        (f"{_HEADER}net,x,cpu,1\nnet,1,cpu,1\nnet,y,cpu,1\n", "line 4: latency_ms is 'y'"),
        ("{}\n", "Expected a CSV file"),
        ("\x00\x01\x02", "lacks the columns"),
    ],
)
def test_a_wrong_table_says_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        _read(tmp_path, text)
    assert said in str(caught.value)


def test_files_that_cannot_be_read_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_observations(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_observations(tmp_path)
    with pytest.raises(InputError, match="more than"):
        _read(tmp_path, _HEADER + "net,1,cpu,1\n" * 10_001)
    (tmp_path / "large").write_bytes(b"x" * ((16 << 20) + 1))
    with pytest.raises(InputError, match="larger than"):
        read_observations(tmp_path / "large")


@pytest.mark.parametrize("has_start", [False, True])
@pytest.mark.parametrize("prefix", ["", "INFO: "])
def test_a_benchmark_is_read_with_its_profile(tmp_path: Path, has_start: bool, prefix: str) -> None:
    rows = [("CONV_2D", 4.269, "[a/Relu6]:0"), ("DEPTHWISE_CONV_2D", 1.5, "[b, c]:1"), ("SOFTMAX", 0.25, "[d]:2")]
    log = benchmark_log("net.tflite", "2.95034e+06", 4, rows=rows, has_start=has_start, prefix=prefix)
    (run,) = _read(tmp_path, log)
    assert (run.model, run.unit, run.threads, run.ms) == ("net.tflite", Unit.CPU, 4, 2950.34)
    assert run.operators == tuple(OperatorTime(kind, ms) for kind, ms, _ in rows)
    assert run.delegate_ms is None


def test_the_delegate_and_kernels_of_xnnpack_are_told_apart(tmp_path: Path) -> None:
    delegate = "NeutronDelegate delegate: 1 nodes delegated out of 35 nodes with 1 partitions."
    rows = [
        ("Transpose (ND, X32) Transpose", 8.0, "Delegate/Transpose (ND, X32) Transpose:1"),
        ("NeutronDelegate", 3.665, "[out]:35"),
        ("SOFTMAX", 0.5, "[probabilities]:34"),
    ]
    (run,) = _read(tmp_path, benchmark_log(delegate=delegate, rows=rows))
    assert (run.unit, run.delegate_ms) == (Unit.NPU, 3.665)
    assert run.operators == (OperatorTime("SOFTMAX", 0.5),)


@pytest.mark.parametrize(
    ("delegate", "unit"),
    [
        ("", Unit.CPU),
        ("NeutronDelegate: 1 nodes delegated out of 3 nodes with 1 partitions", Unit.NPU),
        (
            "Replacing 9 out of 31 node(s) with delegate (Vx Delegate) node, yielding 3 partitions for subgraph 0.",
            Unit.NPU,
        ),
        ("Replacing 9 out of 31 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 3 partitions", Unit.CPU),
        (
            "Unable to load external delegate from : /x/libvx_delegate.so (dlopen failed)\nEXTERNAL delegate created.",
            Unit.CPU,
        ),
        ("NeutronDelegate delegate: 0 nodes delegated out of 31 nodes with 0 partitions.", Unit.CPU),
        ("TfLiteXNNPackDelegate delegate: 20 nodes delegated out of 31 nodes with 1 partitions.", Unit.CPU),
    ],
)
def test_a_delegate_that_takes_nothing_is_a_run_on_the_cpu(tmp_path: Path, delegate: str, unit: Unit) -> None:
    (run,) = _read(tmp_path, benchmark_log(delegate=delegate))
    assert run.unit is unit


def test_a_compiled_file_is_a_run_on_the_npu(tmp_path: Path) -> None:
    (run,) = _read(tmp_path, benchmark_log(rows=[("ethos-u", 3.5, "[out]:0"), ("SOFTMAX", 0.1, "[p]:1")]))
    assert (run.unit, run.delegate_ms) == (Unit.NPU, 3.5)


def test_several_runs_behind_each_other_are_several_measurements(tmp_path: Path) -> None:
    runs = _read(tmp_path, benchmark_log(threads=1) + benchmark_log(threads=2, average_us="9000"))
    assert [(run.threads, run.ms) for run in runs] == [(1, 15.2394), (2, 9.0)]


@pytest.mark.parametrize("average", ["0", "1e999", "99999999999999999999"])
def test_an_average_without_sense_is_refused(tmp_path: Path, average: str) -> None:
    with pytest.raises(InputError, match="average"):
        _read(tmp_path, benchmark_log(average_us=average))


def test_a_profile_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    log = benchmark_log(rows=[("CONV_2D", 1.0, "[a]:0"), ("SOFTMAX", 2.0, "[b]:1")])
    whole = log[: log.index("= Top by")]
    for end in range(0, len(whole), 7):
        text = whole[:end]
        if "Inference (avg): 15239.4" in text:
            (run,) = _read(tmp_path, text)
            assert {entry.type for entry in run.operators} <= {"CONV_2D", "SOFTMAX"}
