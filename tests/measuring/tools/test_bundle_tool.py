"""A bundle of `npufit deploy` as a tool: put onto a board, and its unmodified run.py on the virtual NPU."""

from __future__ import annotations

import importlib.metadata
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deployed_bundles import ADDITION, KEYWORDS, LSTM, write_bundle
from npufit.boards import PythonRuntime, connect
from npufit.errors import InputError
from npufit.measuring.tools.bundle import BundleTool
from npufit.measuring.tools.tool import DelegateUse, RunRequest, Timing
from npufit.vdevice import Activity, launch, virtual_device

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a virtual device needs Linux")

_RUNTIME = PythonRuntime(sys.executable, "3", "ai_edge_litert", importlib.metadata.version("ai-edge-litert"), True)
_DIRECT = DelegateUse("direct", "")
_REQUEST = RunRequest("", 1, _DIRECT, runs=3, with_profile=True)


def _on_virtual_npu(arguments: tuple[str, ...], folder: Path) -> tuple[bytes, int, int]:
    """Return what a command prints on the virtual NPU, its exit code, and the jobs that it submitted."""
    activity = Activity()
    output = folder / "printed"
    program = launch(
        ["sh", "-c", f"{shlex.join(arguments)} >{output} 2>&1"],
        virtual_device("imx93", activity),
    )
    try:
        code = program.wait()
    finally:
        program.close()
    return output.read_bytes(), code, activity.submissions


def test_a_bundle_is_put_onto_the_board_and_timed_there(tmp_path: Path) -> None:
    bundle = write_bundle(KEYWORDS, tmp_path / "bundle")
    with connect("local") as connection:
        tool = BundleTool(_RUNTIME, bundle).prepare(connection)
        output, code, jobs = _on_virtual_npu(tool.command(_REQUEST).arguments, tmp_path)
        found = tool.read(output, _REQUEST, code=code)

    assert isinstance(found, Timing), found
    assert (found.count, found.calls, jobs) == (3, 4, 4)
    assert found.min_ms
    assert found.median_ms
    assert found.first_ms
    assert found.delegate.partitions == 1
    assert [(row.unit, row.type) for row in found.operators] == [("npu", "call of the NPU")]


@pytest.mark.parametrize("model", [KEYWORDS, LSTM], ids=["network", "state"])
def test_outputs_are_those_of_one_inference_from_the_start(model: str, tmp_path: Path) -> None:
    """A second inference of a network with state would return something else."""
    bundle = write_bundle(model, tmp_path / "bundle")
    given = tmp_path / "input.bin"
    given.write_bytes((bundle / "verify/000/input_0.bin").read_bytes())
    with connect("local") as connection:
        tool = BundleTool(_RUNTIME, bundle).prepare(connection)
        request = replace(_REQUEST, inputs=(("x", str(given)),), outputs=f"{connection.folder}/out")
        output, code, jobs = _on_virtual_npu(tool.command(request).arguments, tmp_path)
        assert tool.read(output, request, code=code) == Timing(calls=1, runtime="npufit deploy")
        answer = connection.get(f"{connection.folder}/out", 1 << 20)

    assert jobs == 1
    assert answer == (bundle / "verify/000/output_0.bin").read_bytes()


@pytest.mark.parametrize("outputs", ["", "/tmp/none"], ids=["times", "outputs"])
def test_what_is_missing_is_said_in_the_words_of_run_py(outputs: str, tmp_path: Path) -> None:
    bundle, request = write_bundle(ADDITION, tmp_path / "bundle"), replace(_REQUEST, outputs=outputs)
    with connect("local") as connection:
        tool = BundleTool(_RUNTIME, bundle).prepare(connection)
        ended = connection.shell(f"{shlex.join(tool.command(request).arguments)} 2>&1")
    assert ended.code == 3
    words = str(tool.read(ended.output, request, code=ended.code))
    assert words.startswith("run.py: No NPU with the driver 'ethosu'")


def test_a_bundle_cannot_run_on_the_cpu_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="uses the NPU"):
        BundleTool(_RUNTIME, tmp_path).command(replace(_REQUEST, delegate=None))
    with pytest.raises(InputError, match=r"\.bin"):
        BundleTool(_RUNTIME, tmp_path).command(replace(_REQUEST, inputs=(("x", "/tmp/cat.jpg"),)))
