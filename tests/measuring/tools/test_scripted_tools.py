"""The stand-ins for benchmark_model, run for real by the shells of boards, and read as the real ones are."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from npufit.measuring.tools.benchmark_model import BenchmarkModel
from npufit.measuring.tools.tool import DelegateUse, RunRequest, Timing
from scripted_tools import FAMILIES, Family, Fault, write_benchmark_model

_INTERRUPTS = """\
           CPU0       CPU1
 11:    1234567    7654321     GICv3  27 Level     arch_timer
 45:         17          0     GICv3  95 Level     ethosu
 46:          5          2     GICv3  96 Level     47520000.mailbox
 47:          3          0     GICv3  35 Level     galcore:3d-1
 48:          8          0     GICv3  99 Level     imx-neutron-mailbox
"""
_SHELLS = [shell for shell in (("busybox", "sh"), ("sh",)) if shutil.which(shell[0])]


def _board(folder: Path) -> Path:
    (folder / "proc").mkdir(parents=True)
    (folder / "proc/interrupts").write_text(_INTERRUPTS)
    (folder / "model.tflite").write_bytes(b"a model")
    return folder


def _count(root: Path, line: str) -> int:
    found = next(text for text in (root / "proc/interrupts").read_text().splitlines() if text.endswith(f" {line}"))
    return int(found.split()[1])


def _request(root: Path, family: Family, *, on_npu: bool) -> RunRequest:
    delegate = DelegateUse(family.stack, f"/usr/lib/{family.delegate}") if on_npu else None
    return RunRequest(str(root / "model.tflite"), 2, delegate, xnnpack=None)


def _run(tool: BenchmarkModel, request: RunRequest, root: Path, shell: tuple[str, ...] = ("sh",)) -> tuple[bytes, int]:
    command = tool.command(request)
    ended = subprocess.run(
        [*shell, *command.arguments],
        env={"PATH": os.environ["PATH"], "NPUFIT_BOARD_ROOT": str(root), **dict(command.environment)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return ended.stdout, ended.returncode


def _read(tool: BenchmarkModel, request: RunRequest, root: Path, shell: tuple[str, ...] = ("sh",)) -> Timing | str:
    output, code = _run(tool, request, root, shell)
    return tool.read(output, request, code=code)


@pytest.mark.parametrize("shell", _SHELLS, ids=" ".join)
@pytest.mark.parametrize("name", FAMILIES)
def test_each_release_is_read_and_counts_one_interrupt_after_another(
    name: str, shell: tuple[str, ...], tmp_path: Path
) -> None:
    family, root = FAMILIES[name], _board(tmp_path)
    tool = BenchmarkModel(str(write_benchmark_model(root / "tools", family)), family.version)

    on_cpu = _read(tool, _request(root, family, on_npu=False), root, shell)

    assert isinstance(on_cpu, Timing), on_cpu
    assert on_cpu.count == family.cpu.count
    assert on_cpu.calls == family.cpu.count + family.cpu.warm_count
    assert (on_cpu.median_ms is not None) == family.has_median
    assert (root / "proc/interrupts").read_text() == _INTERRUPTS
    if not family.stack:
        return

    on_npu = _read(tool, _request(root, family, on_npu=True), root, shell)

    assert isinstance(on_npu, Timing), on_npu
    assert on_npu.mean_ms == pytest.approx(float(family.npu.mean) / 1000)
    assert on_npu.first_ms == family.npu.first / 1000
    assert on_npu.delegate.partitions == 1
    assert on_npu.calls is not None
    for line, each in family.interrupts.items():
        before = next(int(text.split()[1]) for text in _INTERRUPTS.splitlines() if text.endswith(f" {line}"))
        assert _count(root, line) - before == each * on_npu.calls


def test_runs_are_counted_exactly_when_no_time_is_asked_for(tmp_path: Path) -> None:
    family, root = FAMILIES["vela-2.16"], _board(tmp_path)
    tool = BenchmarkModel(str(write_benchmark_model(root / "tools", family, outputs=b"answer")), family.version)
    options = DelegateUse("vela", "/usr/lib/libethosu_delegate.so", (("enable_cycle_counter", "true"),))
    request = RunRequest(str(root / "model.tflite"), 1, options, warmup=2, runs=3, least_s=0, with_profile=True)
    files = {"inputs": (("a:0,b", str(root / "model.tflite")),), "input_shapes": ((1, 7),)}
    request = replace(request, outputs=str(root / "out.bin"), **files)

    found = _read(tool, request, root)

    assert isinstance(found, Timing), found
    assert (found.count, found.calls) == (3, 5)
    assert len(found.kernel_calls["ethosu cycles"]) == 5
    assert [(row.unit, row.type, row.ms) for row in found.operators] == [("npu", "ethos-u", 3.7)]
    assert (root / "out.bin").read_bytes() == b"answer"


def test_a_single_inference_without_warm_up_is_one_call(tmp_path: Path) -> None:
    family, root = FAMILIES["neutron-2.19"], _board(tmp_path)
    tool = BenchmarkModel(str(write_benchmark_model(root / "tools", family)), family.version)
    found = _read(tool, replace(_request(root, family, on_npu=True), warmup=0, runs=1, least_s=0), root)
    assert isinstance(found, Timing), found
    assert (found.count, found.calls, found.first_ms, found.median_ms) == (1, 1, 15.239, 15.239)
    assert _count(root, "imx-neutron-mailbox") == 8 + 1


@pytest.mark.parametrize("name", ["vela-2.9", "neutron-2.19"])
def test_profiles_of_both_forms_are_read(name: str, tmp_path: Path) -> None:
    family, root = FAMILIES[name], _board(tmp_path)
    tool = BenchmarkModel(str(write_benchmark_model(root / "tools", family)), family.version)
    found = _read(tool, replace(_request(root, family, on_npu=False), with_profile=True), root)
    assert isinstance(found, Timing), found
    assert [(row.unit, row.type, row.index, row.ms) for row in found.operators] == [
        ("cpu", "CONV_2D", 0, 12.5),
        ("cpu", "DEPTHWISE_CONV_2D", 1, 3.25),
        ("cpu", "SOFTMAX", 2, 0.021),
    ]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.CRASH, "it crashed (segmentation fault)"),
        (Fault.ABORT, "the board has not enough memory; it aborted"),
        (Fault.FULL, "the board has no space left"),
        (Fault.HOSTILE, "it printed no time"),
        (Fault.PERMISSION, "may not open /dev/ethosu0"),
        (Fault.INVOKE, "operator 0 (ethos-u) failed"),
    ],
)
def test_faults_become_reasons(fault: Fault, words: str, tmp_path: Path) -> None:
    family, root = FAMILIES["vela-2.16"], _board(tmp_path)
    tool = BenchmarkModel(str(write_benchmark_model(root / "tools", family, fault)), family.version)
    assert isinstance(_read(tool, _request(root, family, on_npu=False), root), Timing)
    found = _read(tool, _request(root, family, on_npu=True), root)
    assert isinstance(found, str)
    assert words in found
    assert found.isprintable()


@pytest.mark.parametrize(
    ("fault", "took"), [(Fault.MISSING, 0), (Fault.REFUSED, 0), (Fault.LIAR, 1)], ids=["missing", "refused", "liar"]
)
def test_a_silent_fallback_counts_nothing(fault: Fault, took: int, tmp_path: Path) -> None:
    family, root = FAMILIES["vela-2.16"], _board(tmp_path)
    tool = BenchmarkModel(str(write_benchmark_model(root / "tools", family, fault)), family.version)
    found = _read(tool, _request(root, family, on_npu=True), root)
    assert isinstance(found, Timing), found
    assert found.delegate.took == took
    assert bool(found.delegate.failed) == (fault is Fault.MISSING)
    assert (root / "proc/interrupts").read_text() == _INTERRUPTS


def test_a_hang_ends_by_a_signal(tmp_path: Path) -> None:
    family, root = FAMILIES["vela-2.16"], _board(tmp_path)
    path = write_benchmark_model(root / "tools", family, Fault.HANG, when="always")
    tool = BenchmarkModel(str(path), family.version)
    request = _request(root, family, on_npu=False)
    child = subprocess.Popen(tool.command(request).arguments, stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(7)]
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    assert str(tool.read(b"".join(lines), request, code=None)).startswith("it did not end in time")


def test_a_fault_can_begin_later(tmp_path: Path) -> None:
    family, root = FAMILIES["vela-2.16"], _board(tmp_path)
    path = write_benchmark_model(root / "tools", family, Fault.FULL, when="always", first_faulty_run=3)
    tool = BenchmarkModel(str(path), family.version)
    request = _request(root, family, on_npu=True)
    assert [type(_read(tool, request, root)) for _ in range(3)] == [Timing, Timing, str]


def test_an_old_release_is_not_asked_for_outputs_and_says_so_if_it_is(tmp_path: Path) -> None:
    family, root = FAMILIES["vela-2.9"], _board(tmp_path)
    path = str(write_benchmark_model(root / "tools", family))
    request = replace(_request(root, family, on_npu=False), outputs=str(root / "out"))
    assert _read(BenchmarkModel(path), request, root) == "this benchmark_model has no option --output_filepath"
