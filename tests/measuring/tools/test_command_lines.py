"""Command lines: what each tool is asked, and what it cannot be asked."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest

from npufit.boards import PythonRuntime
from npufit.errors import InputError
from npufit.measuring.tools import DelegateUse, RunRequest
from npufit.measuring.tools.benchmark_model import BenchmarkModel
from npufit.measuring.tools.benchmark_options import parse_version
from npufit.measuring.tools.litert_benchmark import LitertBenchmark
from npufit.measuring.tools.python import PythonTool

_REQUEST = RunRequest("/tmp/m.tflite", 2)
_DELEGATE = DelegateUse(
    "vela",
    "/usr/lib/libethosu_delegate.so",
    (("enable_cycle_counter", "true"), ("device_name", "/dev/ethosu0")),
    (("ETHOSU_DEBUG", "1"),),
)
_PYTHON = PythonRuntime("/usr/bin/python3", "3.10", "tflite_runtime", "2.16", True)


def test_a_run_on_the_cpu_states_all_that_moves_its_time() -> None:
    assert BenchmarkModel("/b", "2.16.2").command(replace(_REQUEST, xnnpack=False, affinity="0x3")).arguments == (
        *("/b", "--graph=/tmp/m.tflite", "--num_threads=2", "--warmup_runs=1", "--warmup_min_secs=0.5"),
        *("--num_runs=50", "--min_secs=1", "--max_secs=60", "--use_xnnpack=false"),
    )


def test_a_delegate_comes_before_xnnpack_and_its_options_are_joined_by_semicolons() -> None:
    command = BenchmarkModel("/b").command(replace(_REQUEST, delegate=_DELEGATE, xnnpack=True, with_profile=True))
    assert command.arguments[-4:] == (
        "--external_delegate_path=/usr/lib/libethosu_delegate.so",
        "--external_delegate_options=enable_cycle_counter:true;device_name:/dev/ethosu0",
        "--use_xnnpack=true",
        "--enable_op_profiling=true",
    )
    assert command.environment == (("ETHOSU_DEBUG", "1"),)


def test_names_of_inputs_do_not_matter_to_the_tool_so_they_are_ours() -> None:
    inputs = (("serving_default_x:0", "/tmp/0.bin"), ("a,b", "/tmp/1.bin"))
    request = replace(_REQUEST, inputs=inputs, input_shapes=((1, 4, 4, 3), (7,)), outputs="/tmp/out")
    assert BenchmarkModel("/b", "2.11.1").command(request).arguments[-4:] == (
        "--input_layer=input0,input1",
        "--input_layer_shape=1,4,4,3:7",
        "--input_layer_value_files=input0:/tmp/0.bin,input1:/tmp/1.bin",
        "--output_filepath=/tmp/out",
    )


@pytest.mark.parametrize(
    ("version", "change", "words"),
    [
        ("2.10.0", {"outputs": "/tmp/out"}, "2.10.0 cannot write outputs"),
        ("2.9.1", {"outputs": "/tmp/out"}, "--tool python"),
        ("", {"inputs": (("x", "/tmp/a:b"),), "input_shapes": ((1,),)}, "a colon or a comma"),
        ("", {"inputs": (("x", "/tmp/a"),), "input_shapes": ((),)}, "inputs with a shape"),
        ("", {"inputs": (("x", "/tmp/a"),)}, "inputs with a shape"),
        ("", {"delegate": DelegateUse("vx", "/d", (("cache", "/a:b"),))}, "cannot pass the delegate's option cache"),
        ("", {"delegate": DelegateUse("vx", "/d", (("a;b", "1"),))}, "separate options"),
    ],
)
def test_what_a_release_cannot_do_is_refused_before_it_runs(version: str, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        BenchmarkModel("/b", version).command(replace(_REQUEST, **change))


@pytest.mark.parametrize("change", [{"delegate": _DELEGATE}, {"xnnpack": False}, {"with_profile": True}])
def test_litert_benchmark_is_for_the_cpu_alone(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Use --tool python"):
        LitertBenchmark(replace(_PYTHON, module="ai_edge_litert")).command(replace(_REQUEST, **change))


def test_the_python_tool_takes_any_value_of_an_option() -> None:
    delegate = DelegateUse("vx", "/usr/lib/libvx_delegate.so", (("cache", "/a:b;c=d e"),))
    arguments = PythonTool(_PYTHON, "/s.py").command(replace(_REQUEST, delegate=delegate)).arguments
    assert arguments[:2] == ("/usr/bin/python3", "/s.py")
    assert "--option=cache=/a:b;c=d e" in arguments


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("/usr/bin/tensorflow-lite-2.11.1/examples", (2, 11, 1)),
        ("2.20.0", (2, 20, 0)),
        ("v1.2", (1, 2)),
        ("latest", ()),
        ("", ()),
    ],
)
def test_versions_are_read_off_folders(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


def test_commands_import_nothing_heavy() -> None:
    import subprocess

    program = "import sys, npufit.measuring.tools.choosing; print('numpy' in sys.modules, 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"False False\n"
