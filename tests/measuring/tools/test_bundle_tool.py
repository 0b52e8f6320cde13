"""A bundle of `npufit deploy` as a tool: put onto a board, and its unmodified run.py on the virtual NPU."""

from __future__ import annotations

import importlib.metadata
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deployed_bundles import ADDITION, KEYWORDS, write_bundle
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
    given = tmp_path / "input.bin"
    given.write_bytes((bundle / "verify/000/input_0.bin").read_bytes())
    with connect("local") as connection:
        tool = BundleTool(_RUNTIME, bundle).prepare(connection)
        request = replace(_REQUEST, inputs=(("x", str(given)),), outputs=f"{connection.folder}/out")
        output, code, jobs = _on_virtual_npu(tool.command(request).arguments, tmp_path)
        found = tool.read(output, request, code=code)
        answer = connection.get(f"{connection.folder}/out", 1 << 20)

    assert isinstance(found, Timing), found
    assert (found.count, found.calls, jobs) == (3, 4, 4)
    assert found.min_ms
    assert found.median_ms
    assert found.first_ms
    assert found.delegate.partitions == 1
    assert [(row.unit, row.type) for row in found.operators] == [("npu", "call of the NPU")]
    assert answer == (bundle / "verify/000/output_0.bin").read_bytes()


def test_outputs_are_joined_in_the_order_of_the_model(tmp_path: Path) -> None:
    """Names of more than ten files sort otherwise than their numbers."""
    bundle = write_bundle(ADDITION, tmp_path / "bundle")
    (bundle / "run.py").write_text(
        "import sys, numpy, os\nfolder = sys.argv[sys.argv.index('--output') + 1]\nos.mkdir(folder)\n"
        "for place in range(12):\n    numpy.save(folder + '/output_%d.npy' % place, numpy.uint8([place]))\n"
        "open(sys.argv[2], 'w').write('{}')\n"
    )
    with connect("local") as connection:
        tool = BundleTool(_RUNTIME, bundle).prepare(connection)
        command = tool.command(replace(_REQUEST, outputs=f"{connection.folder}/out"))
        assert connection.shell(shlex.join(command.arguments)).code == 0
        assert connection.get(f"{connection.folder}/out", 100) == bytes(np.arange(12, dtype=np.uint8))


def test_what_is_missing_is_said_in_the_words_of_run_py(tmp_path: Path) -> None:
    bundle = write_bundle(ADDITION, tmp_path / "bundle")
    with connect("local") as connection:
        tool = BundleTool(_RUNTIME, bundle).prepare(connection)
        ended = connection.shell(f"{shlex.join(tool.command(_REQUEST).arguments)} 2>&1")
    assert ended.code == 3
    assert str(tool.read(ended.output, _REQUEST, code=ended.code)).startswith(
        "run.py: No NPU with the driver 'ethosu': no /dev/accel"
    )


def test_a_bundle_cannot_run_on_the_cpu_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="uses the NPU"):
        BundleTool(_RUNTIME, tmp_path).command(replace(_REQUEST, delegate=None))
    with pytest.raises(InputError, match=r"\.bin"):
        BundleTool(_RUNTIME, tmp_path).command(replace(_REQUEST, inputs=(("x", "/tmp/cat.jpg"),)))
