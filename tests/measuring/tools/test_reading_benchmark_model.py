"""What benchmark_model printed on real boards, read as the output of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from npufit.measuring.tools.benchmark_model import BenchmarkModel
from npufit.measuring.tools.tool import DelegateFinding, DelegateUse, RunRequest, Timing

_LOGS = Path(__file__).parents[2] / "cost/measured/benchmark_logs"
_VX = DelegateUse("vx", "/usr/lib/libvx_delegate.so")
_NEUTRON = DelegateUse("neutron", "/usr/lib/libneutron_delegate.so")
_ETHOSU = DelegateUse("vela", "/usr/lib/libethosu_delegate.so")


def _log(name: str) -> bytes:
    return (_LOGS / f"{name}.txt").read_bytes()


def _read(output: bytes, delegate: DelegateUse | None = None, *, code: int | None = 0, profile: bool = False) -> Timing:
    found = BenchmarkModel("/usr/bin/benchmark_model").read(output, _request(delegate, profile=profile), code=code)
    assert isinstance(found, Timing), found
    return found


def _refused(output: bytes, delegate: DelegateUse | None = None, *, code: int | None = 1) -> str:
    found = BenchmarkModel("/usr/bin/benchmark_model").read(output, _request(delegate), code=code)
    assert isinstance(found, str)
    return found


def _request(delegate: DelegateUse | None, *, profile: bool = False) -> RunRequest:
    return RunRequest("/tmp/model.tflite", 4, delegate, with_profile=profile)


def test_a_log_of_2_20_has_every_statistic() -> None:
    assert _read(_log("ti_am62x_xnnpack_2.20.0")) == Timing(
        count=50,
        calls=51,
        mean_ms=899.641,
        median_ms=899.281,
        min_ms=898.007,
        max_ms=906.121,
        p5_ms=898.333,
        p95_ms=904.305,
        std_ms=1.549,
        initialization_ms=614.333,
        first_ms=905.463,
        memory_mb=150.141,
        xnnpack=True,
        runtime="TensorFlow Lite",
        lines=_read(_log("ti_am62x_xnnpack_2.20.0")).lines,
    )


def test_an_older_log_has_means_and_says_what_it_does_not_know() -> None:
    found = _read(_log("armnn_issue541_cpu_aarch64"))
    assert (found.count, found.calls, found.mean_ms, found.median_ms) == (5961, 5961 + 2988, 0.166798, None)
    assert (found.xnnpack, found.memory_mb) == (None, 1.32812)


def test_text_of_a_driver_may_stand_before_a_line() -> None:
    log = _log("ti_am62x_builtin_2.20.0")
    glued = log.replace(b"INFO: count=50", b"npu: ok INFO: count=50").replace(
        b"INFO: Inference t", b"type 54 Inference t"
    )
    assert glued != log
    assert replace(_read(glued), lines=()) == replace(_read(log), lines=())


def test_a_single_warm_up_is_a_call() -> None:
    found = _read(_log("ti_am62x_builtin_2.18.0"))
    assert (found.calls, found.first_ms, found.xnnpack) == (51, 1041.765, False)


@pytest.mark.parametrize(
    ("name", "xnnpack"),
    [
        ("ti_am62x_xnnpack_2.18.0", True),  # explicitly applied, with a count of its kernels
        ("ti_am62x_builtin_2.18.0", False),
        ("neutron_imx95_scrfd_litert_opprofile", True),  # its kernels are in the profile
        ("xnnpack_issue999_pi_opprofile_head", None),  # created, and nothing says whether it took anything
        ("armnn_issue541_cpu_pi4", None),
    ],
)
def test_xnnpack_took_part_only_if_something_shows_it(name: str, xnnpack: bool | None) -> None:
    assert _read(_log(name)).xnnpack is xnnpack


def test_one_huge_wait_stays_visible() -> None:
    complete = _log("android_xnnpack_outlier_and_failure").split(b"~/muaalem-tf $")[1]
    found = _read(complete)
    assert (found.mean_ms, found.median_ms, found.max_ms, found.p95_ms) == (63.7432, 51.891, 686.105, 68.628)


def test_the_first_inference_of_vx_compiles_and_its_driver_prints_between_the_lines() -> None:
    found = _read(_log("vx_synap_mobilenet_v1_025_2.15.0"), _VX)
    assert (found.first_ms, found.mean_ms, found.calls) == (201.009, 1.09648, 277 + 876)
    assert (found.delegate.took, found.delegate.of, found.delegate.partitions) == (31, 31, 1)
    assert found.runtime_version == "2.15.0"


def test_a_profile_has_operators_of_the_npu_the_cpu_and_xnnpack() -> None:
    found = _read(_log("neutron_imx95_yolov8n_pose_litert_opprofile_excerpt"), _NEUTRON, profile=True)
    rows = [(row.unit, row.type, row.index, row.ms, row.calls) for row in found.operators]
    assert ("npu", "NeutronDelegate", None, 13.137, 1) in rows
    assert ("cpu", "SOFTMAX", 56, 9.739, 1) in rows
    assert ("cpu", "Slice (ND, X8)", None, 0.066, 2) in rows
    assert found.delegate == DelegateFinding(
        took=1,
        of=74,
        partitions=1,
        line="NeutronDelegate delegate: 1 nodes delegated out of 74 nodes with 1 partitions.",
    )
    assert found.calls == 21  # the sums of the profile's rows are no inferences


@pytest.mark.parametrize(
    ("name", "delegate", "words"),
    [
        ("armnn_issue716_failed_to_apply", _VX, "the delegate could not be applied"),
        ("android_xnnpack_outlier_and_failure", None, "operator 57 (BATCH_MATMUL) failed"),
        ("ethosu_imx93_no_permission_lines", _ETHOSU, "may not open /dev/ethosu0"),
        ("tf_pr55383_delegate_not_loaded", _VX, "the library libtim-vx.so is missing on the board"),
        (
            "pixel8_external_segfault",
            _VX,
            "it crashed (segmentation fault); its last line: 'EXTERNAL delegate created.'",
        ),
        ("acl_issue1062_external_complete", _VX, "it failed with exit code 1; its last line: 'count=120"),
    ],
)
def test_a_run_without_times_says_why(name: str, delegate: DelegateUse | None, words: str) -> None:
    assert words in _refused(_log(name), delegate)


def test_a_delegate_that_did_not_load_is_named_beside_the_times_of_the_cpu() -> None:
    reason = b'(dlopen failed: library "libtim-vx.so" not found)'
    lost = b"INFO: Unable to load external delegate from : /x/libvx_delegate.so " + reason
    output = lost + b"\nEXTERNAL delegate created.\n" + _log("ti_am62x_builtin_2.20.0")
    found = _read(output, _VX).delegate
    assert found.took == 0
    assert found.failed == "its library could not be loaded: the library libtim-vx.so is missing on the board"
    assert "/x/" not in found.line


def test_created_proves_nothing() -> None:
    output = b"EXTERNAL delegate created.\n" + _log("ti_am62x_builtin_2.20.0")
    assert _read(output, _VX).delegate == DelegateFinding()


def test_nothing_taken_is_said() -> None:
    words = (
        b"INFO: Though EXTERNAL delegate is explicitly applied, the model graph will not be executed by the delegate."
    )
    assert _read(words + b"\n" + _log("ti_am62x_builtin_2.20.0"), _VX).delegate.took == 0


def test_calls_that_fail_are_timed_by_the_tool_and_refused_here() -> None:
    output = (
        _log("ti_am62x_builtin_2.20.0") + b"ERROR: Node number 0 (ethos-u) failed to invoke.\nBenchmarking failed.\n"
    )
    assert _refused(output) == "operator 0 (ethos-u) failed"


def test_a_crash_after_the_summary_does_not_take_the_times_away() -> None:
    assert _read(_log("ti_am62x_builtin_2.20.0"), code=139).count == 50


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (139, "it crashed (segmentation fault)"),
        (-9, "it was killed: usually the board ran out of memory"),
        (None, "it did not end in time"),
        (127, "the program is missing"),
        (132, "illegal instruction"),
        (1, "it failed with exit code 1"),
    ],
)
def test_how_a_program_ended_is_said_in_words(code: int | None, words: str) -> None:
    assert words in _refused(b"INFO: STARTING!\n", code=code)
    assert _refused(b"", code=code).endswith("; it printed nothing")


@pytest.mark.parametrize(
    "line",
    [
        "count=50 first=1 curr=1 min=9 max=2 avg=5 std=1",
        "count=50 first=1 curr=1 min=1 max=2 avg=5000 std=1",
        "count=0 first=1 curr=1 min=1 max=2 avg=1 std=1",
        "count=-5 first=1 curr=1 min=1 max=2 avg=1 std=1",
        "count=50 first=nan curr=1 min=1 max=2 avg=nan std=1",
        "count=50 first=1 curr=1 min=1 max=1e99 avg=1e99 std=1",
    ],
)
def test_impossible_numbers_are_no_times(line: str) -> None:
    output = _log("ti_am62x_builtin_2.20.0").decode()
    timed = next(old for old in output.splitlines() if "avg=" in old)
    assert _refused(output.replace(timed, line).encode())


def test_an_option_that_the_tool_does_not_know_is_no_run_with_the_npu() -> None:
    warning = b"WARN: Unconsumed cmdline flags: --external_delegate_path=/x.so --foo=1\n"
    output = warning + _log("ti_am62x_builtin_2.20.0")
    assert _refused(output, _VX) == "this benchmark_model has no option --external_delegate_path"
    assert _read(output).count == 50


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ERROR: Failed to alloc ethos_u buffer.", "no contiguous memory (CMA)"),
        ("ERROR: Ethos_u inference failed", "did not finish an inference"),
        ("Couldn't open kernel device", "Teflon finds no NPU"),
        ("/b: /lib/libc.so.6: version `GLIBC_2.34' not found (required by /b)", "it needs GLIBC_2.34, newer than"),
        ("OSError: [Errno 13] Permission denied: '/dev/accel/accel0'", "may not open /dev/accel/accel0"),
        ("RuntimeError: ethosu_direct_delegate: There is no /dev/accel/accelN. Needed: x", "no /dev/accel/accelN"),
        ("Didn't find op for builtin opcode 'CONV_2D' version '7'.", "too old for the operator CONV_2D"),
    ],
)
def test_messages_of_delegates_and_loaders_are_put_into_words(line: str, words: str) -> None:
    assert words in _refused(f"INFO: STARTING!\n{line}\nBenchmarking failed.\n".encode())


def test_kept_lines_have_no_paths() -> None:
    kept = _read(_log("neutron_imx95_scrfd_litert_opprofile"), _NEUTRON).lines
    assert "External delegate path: [liblitert_neutron_delegate.so]" in kept
    assert not [line for line in kept if "/root" in line or "/usr" in line]
