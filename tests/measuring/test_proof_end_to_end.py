"""Proofs of real delegates: LiteRT runs as on a board, and jobs on the virtual NPU, which counts them."""

from __future__ import annotations

import sys
from collections.abc import Generator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from virtual_board import VirtualBoard

import captured_teflon
import npufit
from compiling_c import build_library
from npufit.boards import Connection, PythonRuntime, connect, watch
from npufit.measurements import Measurement, Proof, ProofVerdict, Role
from npufit.measuring import BenchOptions
from npufit.measuring.proof import Seen, SeenRun, judge
from npufit.measuring.tools.python import PythonTool
from npufit.measuring.tools.tool import DelegateUse, RunRequest, Tool
from npufit.stacks import PlaceOptions, Target
from npufit.stacks.direct import STACK
from real_files import find_model

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="devices are Linux's")

_BOARD = Path(npufit.__file__).parent / "deploying" / "board"
_MODEL, _KNOWN = "kws_ref_model.tflite", "single_ops/test_add_int8.tflite"
_CAPTURE = "micro/concat_c16"
_PROVEN, _CONTRADICTED = ProofVerdict.PROVEN, ProofVerdict.CONTRADICTED


_Board = tuple[Connection, Tool]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Generator[_Board]:
    made = VirtualBoard(tmp_path_factory.mktemp("board"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUFIT_BOARD_ROOT", str(made.root))
        with connect("local") as connection:
            runtime = PythonRuntime(str(made.python), "3", "ai_edge_litert", version("ai-edge-litert"), True)
            yield connection, PythonTool(runtime).prepare(connection)


def _run(board: _Board, model: Path, delegate: DelegateUse | None = None, runs: int = 3) -> SeenRun:
    connection, tool = board
    request = RunRequest(str(model), 1, delegate, warmup=2, runs=runs, least_s=0.0)
    run = watch(connection, tool.command(request), time_limit_s=60.0)
    timing = tool.read(run.output, request)
    assert not isinstance(timing, str), (timing, run.output)
    return SeenRun(run, timing)


def _judge(stack: str, on_cpu: SeenRun, model: SeenRun, *known: SeenRun) -> Proof:
    return judge(
        Seen("imx93", stack, "ethosu", (on_cpu,), known, (model,), partitions=1, has_device=True, has_delegate=True)
    )


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> DelegateUse:
    """Return npufit's own delegate for Vela's files, built as a bundle's Makefile would."""
    library = tmp_path_factory.mktemp("delegate") / "libethosu_direct_delegate.so"
    names = ("ethosu_direct_delegate", "delegate_network", "delegate_vela", "ethosu_direct")
    sources = [str(_BOARD / f"{name}.c") for name in names]
    return DelegateUse("direct", str(build_library(Path(sources[0]), library, "-pthread", *sources[1:])))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return what Vela makes of some models, by name; `cpu` is a model as it is."""
    folder = tmp_path_factory.mktemp("models")
    files = {"cpu": find_model(_MODEL)}
    for name, source in (("model", _MODEL), ("known", _KNOWN)):
        files[name] = folder / f"{name}.tflite"
        made = STACK.compile(npufit.load(find_model(source)), Target("imx93", "direct", "7.3"), PlaceOptions())
        files[name].write_bytes(made.compiled)
    return files


def test_the_direct_delegate_is_proven(board: _Board, direct: DelegateUse, compiled: dict[str, Path]) -> None:
    on_cpu, known = _run(board, compiled["cpu"]), _run(board, compiled["known"], direct, runs=4)
    proof = _judge("direct", on_cpu, _run(board, compiled["model"], direct), known)
    assert (proof.verdict, proof.sentence) == (_PROVEN, "the NPU interrupted once for each of 5 calls")
    assert [(one.source, one.on_cpu, one.known, one.model) for one in proof.evidence[:1]] == [
        ("/proc/interrupts: ethosu", 0, 6, 5)
    ]


def test_the_same_delegate_that_takes_nothing_is_contradicted(
    board: _Board, direct: DelegateUse, compiled: dict[str, Path]
) -> None:
    on_cpu, known = _run(board, compiled["cpu"]), _run(board, compiled["known"], direct)
    proof = _judge("direct", on_cpu, _run(board, compiled["cpu"], direct), known)
    assert {one.source: one.says for one in proof.evidence} == {
        "/proc/interrupts: ethosu": _CONTRADICTED,
        "the delegate's log": _CONTRADICTED,
    }
    assert proof.verdict is _CONTRADICTED
    assert proof.sentence == "the counter of the NPU stood still during 5 calls: everything ran on the CPU"
    alone = _judge("direct", on_cpu, on_cpu, known)
    assert (alone.verdict, len(alone.evidence)) == (_CONTRADICTED, 1)


def test_a_delegate_for_operators_of_the_model_is_proven(board: _Board, tmp_path: Path) -> None:
    library = captured_teflon.build_library(_CAPTURE, tmp_path)
    teflon, model = DelegateUse("teflon", str(library)), find_model(f"{_CAPTURE}.tflite")
    proof = _judge("teflon", _run(board, model), _run(board, model, teflon))
    assert (proof.verdict, proof.sentence) == (_PROVEN, "the NPU interrupted once for each of 5 calls")


def _bench(model: str, folder: Path, kernel: str = "", **options: Any) -> Measurement:
    """Return what `npufit bench` measures of a real model on a virtual board."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPUFIT_BOARD_ROOT", str(VirtualBoard(folder, kernel).root))
        given = BenchOptions(known=find_model(_KNOWN), runs=4, least_s=0.0, **options)
        result = npufit.bench([find_model(model)], "local", given)
    assert len(result.measurements) == 1, result
    return result.measurements[0]


def test_a_bench_of_a_bundle_is_proven_by_what_the_npu_counted(tmp_path: Path) -> None:
    measured = _bench(_MODEL, tmp_path / "board")
    assert (measured.target, measured.proof.verdict) == ("imx93/direct@7.3.4", _PROVEN)
    assert measured.proof.sentence.startswith("the NPU interrupted once for each of ")
    evidence, words = measured.proof.evidence
    assert words.source == "the driver's answers to run.py"
    assert (evidence.on_cpu, evidence.known, evidence.model) == (0, evidence.known_calls, evidence.calls)
    assert measured.npu is not None
    counted = {run.role: dict(run.counters).get("ethosu", 0) for run in measured.runs}
    assert counted[Role.CPU] == 0
    assert counted[Role.NPU] == evidence.calls


def test_a_bench_withholds_the_time_if_linux_refuses_what_a_delegate_submits(tmp_path: Path) -> None:
    library = captured_teflon.build_library(_CAPTURE, tmp_path)
    measured = _bench(
        f"{_CAPTURE}.tflite",
        tmp_path / "board",
        "7.2.6",
        target="imx93/teflon@25.3",
        delegate=str(library),
    )
    assert measured.proof.verdict is _CONTRADICTED
    assert measured.proof.sentence.endswith(
        "calls, although the delegate says that it took 4 of 4 operators: the NPU did not compute them"
    )
    assert measured.npu is None
    assert measured.cpu is not None
