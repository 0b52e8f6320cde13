"""bench from end to end: real servers, a real runtime, fake boards whose tools print what real ones print."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from boards.servers import dropbear_board, sshd_board
from measuring.benched_boards import MAILBOX, equip, open_folder, served, write_imx93, write_with_tool
from npufit.errors import InputError, ToolError
from npufit.execution import Reference, random_inputs
from npufit.graph import Model
from npufit.loading import load
from npufit.measurements import Measurement, ProofVerdict, Role, read_measurements, write_measurement
from npufit.measuring import BenchOptions, BenchResult, BenchStage, bench
from real_files import find_model
from scripted_tools import Fault

_QUICK = BenchOptions(runs=3, least_s=0.0, processes=1, day="2026-11-22")


@pytest.fixture(scope="module")
def person() -> Model:
    """Return a real network of TensorFlow Lite Micro, which finds persons in small grey images."""
    return load(find_model("person_detect.tflite"))


@pytest.fixture
def imx93(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the files of a fake i.MX 93, which this machine shows as its own."""
    root = write_imx93(tmp_path / "board")
    monkeypatch.setenv("NPUFIT_BOARD_ROOT", str(root))
    return root


def _only(result: BenchResult) -> Measurement:
    assert not result.not_measured, result.not_measured
    (found,) = result.measurements
    return found


def test_this_machine_is_measured_with_its_own_litert(tmp_path: Path) -> None:
    """The real runtime, a real model, no NPU: a time, an honest verdict, and a file without names."""
    found = _only(bench(find_model("kws_ref_model.tflite"), "local", replace(_QUICK, tool="python", compare=True)))
    assert found.cpu is not None
    assert found.cpu.ms > 0
    assert found.cpu.statistic == "median"
    assert (found.target, found.npu, found.proof.verdict) == ("", None, ProofVerdict.UNKNOWN)
    assert found.predicted is None
    assert "none that npufit knows" in found.predicted_unavailable
    assert found.outputs is not None
    assert found.outputs.tensors[0].values == 12
    assert found.software.runtime == "LiteRT"
    path = write_measurement(tmp_path, found)
    text = path.read_text("utf-8")
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text.replace("localhost", ""))
    assert str(Path.home()) not in text
    assert [entry.measurement.proof for entry in read_measurements(tmp_path).found] == [found.proof]


@pytest.mark.parametrize("way", ["sshd", "dropbear"])
def test_an_imx93_is_proven_over_both_ssh_servers(
    way: str, person: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder() as folder, served(way, write_imx93(folder / "root"), monkeypatch) as on:
        result = bench(person, on, replace(_QUICK, label="bench 3", with_profile=True))
    found = _only(result)
    assert found.target == "imx93/vela@lf-6.1.36"
    assert found.proof.verdict is ProofVerdict.PROVEN
    assert found.npu is not None
    assert found.cpu is not None
    assert found.npu.ms == pytest.approx(3.78, abs=0.1)
    assert (found.npu.statistic, found.npu.first_ms) == ("mean", 4.41)
    assert [run.role for run in found.runs] == [
        *(Role.CPU, Role.KNOWN, Role.NPU),
        *(Role.EVIDENCE, Role.PROFILE, Role.PROFILE),
    ]
    by_role = {run.role: dict(run.counters) for run in found.runs}
    npu = next(run for run in found.runs if run.role is Role.NPU)
    assert npu.calls is not None
    assert by_role[Role.NPU] == {MAILBOX: 2 * npu.calls}
    assert by_role[Role.CPU] == {}
    assert {operator.unit for operator in found.operators} == {"cpu", "npu"}
    assert found.model.compiled_by.startswith("Vela 5.")
    assert found.placement is not None
    assert (found.placement.npu, found.placement.partitions) == (31, 1)
    assert found.predicted is not None
    assert found.predicted.low_ms is not None
    assert found.board.label == "bench 3"
    assert found.software.files[0].name == "libethosu_delegate.so"
    assert found.settings.delegate == "libethosu_delegate.so"
    text = write_measurement(tmp_path / "files", found).read_text("utf-8")
    assert "127.0.0.1" not in text
    assert "/tmp" not in text


def test_a_network_that_never_reaches_the_npu_is_contradicted(imx93: Path, person: Model) -> None:
    """The delegate says that it took all, and its cycles and interrupts say nothing ran: no NPU time is given."""
    equip(imx93, Fault.REFUSED)
    result = bench(person, "local", _QUICK)
    found = _only(result)
    assert found.proof.verdict is ProofVerdict.CONTRADICTED
    assert found.npu is None
    assert result.is_refuted
    assert not result.has_failed
    assert found.cpu is not None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.CRASH, "segmentation fault"),
        (Fault.ABORT, "not enough memory"),
        (Fault.FULL, "no space left"),
        (Fault.HOSTILE, "printed no time"),
        (Fault.PERMISSION, "may not open /dev/ethosu0"),
        (Fault.MISSING, "The delegate was not used"),
    ],
)
def test_what_fails_on_the_npu_is_said_and_the_cpus_time_is_kept(
    fault: Fault, words: str, imx93: Path, person: Model
) -> None:
    equip(imx93, fault)
    result = bench(person, "local", replace(_QUICK, with_proof=False))
    found = _only(result)
    assert found.npu is None
    assert found.cpu is not None
    told = " ".join(found.problems)
    assert words.lower() in told.lower()
    assert result.has_failed or result.is_refuted


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.FLOOD])
def test_a_tool_that_never_ends_is_ended_and_the_rest_is_measured(fault: Fault, imx93: Path, person: Model) -> None:
    equip(imx93, fault)
    found = _only(bench(person, "local", replace(_QUICK, with_proof=False, time_limit_s=2.0)))
    assert found.cpu is not None
    assert found.npu is None
    assert "did not end in time" in " ".join(found.problems)


def test_a_board_without_space_says_so(person: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_folder() as folder, dropbear_board(root=write_imx93(folder / "root"), tmp_bytes=200_000) as server:
        server.use(monkeypatch)
        monkeypatch.setenv("NPUFIT_BOARD_FOLDER", "/tmp")
        result = bench(person, server.on, _QUICK)
    (refused,) = result.not_measured
    assert "No space left" in refused.reason
    assert result.has_failed


def test_what_was_measured_before_the_line_was_lost_is_kept(person: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Measurement] = []
    with open_folder() as folder, sshd_board(root=write_imx93(folder / "root")) as server:
        server.use(monkeypatch)

        def switch_off(stage: BenchStage, done: int = 0, total: int = 0) -> None:
            if stage is BenchStage.RUN and done == 2:
                server.switch_off()

        result = bench([person, person], server.on, _QUICK, progress=switch_off, keep=kept.append)
    (found,) = result.measurements
    assert kept == [found]
    assert found.cpu is not None
    assert found.npu is None
    assert "lost after 2 runs" in " ".join(found.problems)
    assert "127.0.0.1" not in " ".join(found.problems)
    assert result.ended_early
    assert result.not_measured[0].reason == "the bench ended before its turn"
    assert result.has_failed


def test_an_interrupt_keeps_what_was_measured(imx93: Path, person: Model) -> None:
    def interrupt(stage: BenchStage, done: int = 0, total: int = 0) -> None:
        if stage is BenchStage.RUN and done == 1:
            raise KeyboardInterrupt

    result = bench(person, "local", _QUICK, progress=interrupt)
    (found,) = result.measurements
    assert (found.cpu is not None, found.npu) == (True, None)
    assert result.is_interrupted
    assert "Interrupted by the user after 1 run." in found.problems


def test_an_interrupt_before_anything_was_measured_is_an_interrupt(imx93: Path, person: Model) -> None:
    def interrupt(stage: BenchStage, done: int = 0, total: int = 0) -> None:
        if stage is BenchStage.PREPARE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench(person, "local", _QUICK, progress=interrupt)


@pytest.mark.parametrize("is_right", [True, False])
def test_the_boards_outputs_are_compared_with_the_reference_kernels(is_right: bool, imx93: Path, person: Model) -> None:
    """A network that is accepted, fast and wrong is seen."""
    values = Reference(person).run(random_inputs(person, 7), person.main.outputs)
    outputs = values[person.main.outputs[0]].copy()
    if not is_right:
        outputs.reshape(-1)[0] ^= np.int8(4)
    equip(imx93, outputs=outputs.tobytes())
    result = bench(person, "local", replace(_QUICK, compare=True, seed=7, with_proof=False))
    found = _only(result).outputs
    assert found is not None
    assert (found.is_equal, found.golden, found.input) == (is_right, "LiteRT BUILTIN_REF", "random values, seed 7")
    assert found.tensors[0].different == (0 if is_right else 1)
    assert result.is_refuted is not is_right


@pytest.mark.parametrize(
    ("board", "family", "line", "target"),
    [
        ("imx8mp", "vx-2.8", "galcore:0", "imx8mp/vx@lf-5.15.71"),
        ("rk3588", "teflon-2.20", "fdab0000.npu", "rk3588/teflon@26.2"),
        ("imx93-mainline", "teflon-2.20", "ethosu", "imx93/teflon@26.2"),
    ],
)
def test_other_boards_are_proven_by_their_own_drivers(
    board: str, family: str, line: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPUFIT_BOARD_ROOT", str(write_with_tool(board, family, line, tmp_path)))
    found = _only(bench("zoo:mobilenet_v1@96,uint8,alpha=0.25", "local", replace(_QUICK, processes=1)))
    assert (found.target, found.proof.verdict) == (target, ProofVerdict.PROVEN)
    assert line in found.proof.evidence[0].source
    has_times = target.startswith("imx")
    assert (found.predicted is not None) is has_times
    assert (
        has_times or found.predicted_unavailable == "npufit has no times for rk3588, because nobody has published any."
    )


def test_what_litert_itself_rounds_otherwise_is_no_wrong_answer() -> None:
    """XNNPACK's kernels are right: on a CPU they are the yardstick for themselves."""
    found = _only(bench("zoo:mobilenet_v1@128,int8", "local", replace(_QUICK, tool="python", compare=True))).outputs
    assert found is not None
    (tensor,) = found.tensors
    assert (found.is_equal, found.is_rounding, found.is_wrong) == (False, True, False)
    assert 0 < tensor.largest <= (tensor.usual or 0) * 4
    assert "so this is rounding" in found.sentence


def test_outputs_of_another_size_are_not_compared(imx93: Path, person: Model) -> None:
    equip(imx93, outputs=b"123")
    found = _only(bench(person, "local", replace(_QUICK, compare=True, with_proof=False)))
    assert found.outputs is None
    assert "Outputs are not compared: the board wrote 3 bytes of outputs instead of 2." in found.problems


def test_a_model_that_cannot_be_measured_does_not_stop_the_others(imx93: Path, person: Model, tmp_path: Path) -> None:
    compiled = find_model("person_detect_vela.tflite")
    result = bench([compiled, person], "local", replace(_QUICK, with_proof=False))
    first, second = result.measurements
    assert first.cpu is None
    assert first.npu is not None
    assert first.predicted is None
    assert first.predicted_unavailable
    assert not first.model.compiled_sha256
    assert second.cpu is not None
    alone = bench([compiled, person], "local", replace(_QUICK, with_proof=False, target="imx93/teflon", delegate="/x"))
    assert [entry.model for entry in alone.not_measured] == []


def test_without_a_usable_stack_the_cpu_alone_is_measured_and_it_is_said_why(imx93: Path, person: Model) -> None:
    (imx93 / "usr/lib/libethosu_delegate.so").unlink()
    result = bench(person, "local", _QUICK)
    found = _only(result)
    assert (found.target, found.npu) == ("", None)
    assert found.cpu is not None
    assert "libethosu_delegate.so" in " ".join(found.problems)
    assert not result.has_failed


def test_a_target_that_the_board_lacks_is_an_error_that_says_what_to_do(imx93: Path, person: Model) -> None:
    with pytest.raises(ToolError, match=r"no delegate for imx93/teflon.*--delegate"):
        bench(person, "local", replace(_QUICK, target="imx93/teflon"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (replace(_QUICK, target="imx93/vola"), "Did you mean"),
        (replace(_QUICK, governor="../../etc"), "no governor"),
        (replace(_QUICK, affinity="0x3; reboot"), "names no cores"),
        (replace(_QUICK, tool="benchmark_modell"), "--tool benchmark_modell"),
    ],
)
def test_wrong_options_are_said(options: BenchOptions, words: str, imx93: Path, person: Model) -> None:
    with pytest.raises(InputError, match=words):
        bench(person, "local", options)


def test_there_must_be_a_model() -> None:
    with pytest.raises(InputError, match="--probe"):
        bench([], "local")
