"""The TensorFlow Lite delegate: LiteRT runs what Vela compiled on the virtual device; answers are the source's."""

from __future__ import annotations

import ctypes
import errno
import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from building_board import BOARD, LIBRARY, SANITIZERS, compile_c, make_board

import npufit
from faulty_device import (
    BO_CREATE,
    BO_WAIT,
    CMDSTREAM_BO_CREATE,
    Fault,
    FaultyDevice,
    interrupting,
    refusing,
    vanishing,
)
from networks import Network, quantized
from npufit.deploying import DeployOptions, deploy
from npufit.ethosu import read_programs, used_regions
from npufit.graph import ConcatenationOptions, Model, OtherOptions
from npufit.stacks import PlaceOptions, Target
from npufit.stacks.direct import STACK
from npufit.tflite import parse_model, serialize_model
from npufit.vdevice import Activity, launch, virtual_device
from real_files import find_model
from running_npufit import npufit_command

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="devices are Linux's")

_PROGRAM = Path(__file__).with_name("delegate_program.py")
_DIRECT = Target("imx93", "direct", "7.3")
_REAL = ("kws_ref_model", "keras_lstm_mnist_ptq", "fastestdet_shufflenetv2")
_LIBRARY = "libethosu_direct_delegate.so"
_SOURCES = tuple(BOARD / f"{name}.c" for name in ("ethosu_direct_delegate", "delegate_network", "delegate_vela"))
_SHARED = ("-fPIC", "-shared", "-fvisibility=hidden", "-pthread", *_SOURCES, LIBRARY)
_WAYS = "plain,kept,xnnpack"
_IMAGE = (1, 8, 8, 16)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the delegate as a user makes it, built without a warning."""
    return make_board(tmp_path_factory.mktemp("delegate") / "c", "delegate") / _LIBRARY


def _out_of_order() -> Model:
    """Return a network whose operators a runtime may take out of order, if it looks at tensors alone.

    Three calls write a part each of one tensor. The last one needs nothing from the second, and the CPU reads the
    tensor, which exists after the first call but is complete only after the last.
    """
    network = Network(quantization=quantized(1 / 32))

    def on_cpu(tensor: int, shape: tuple[int, ...] = _IMAGE) -> int:
        axes = network.constant(np.array([2], np.int32))
        return network.apply("REVERSE_V2", [tensor, axes], shape, OtherOptions("ReverseV2Options", ()))

    first = network.apply("RELU", [network.input(*_IMAGE)], _IMAGE)
    late = first
    for _ in range(2):
        late = network.apply("ABS", [on_cpu(late)], _IMAGE)
    parts = [network.apply("TANH", [tensor], _IMAGE) for tensor in (first, late, on_cpu(first))]
    whole = (1, 8, 8, 48)
    on_cpu(network.apply("CONCATENATION", parts, whole, ConcatenationOptions(3)), whole)
    return network.model(*network.unread(), name="out_of_order")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with NAME.tflite and what Vela makes of it, NAME_vela.tflite."""
    made = tmp_path_factory.mktemp("models")
    models = {name: npufit.load(find_model(f"{name}.tflite")) for name in _REAL}
    for name, model in {**models, "out_of_order": _out_of_order()}.items():
        (made / f"{name}.tflite").write_bytes(serialize_model(model))
        (made / f"{name}_vela.tflite").write_bytes(STACK.compile(model, _DIRECT, PlaceOptions()).compiled)
    bundle = tmp_path_factory.mktemp("bundle")
    deploy(made / "kws_ref_model.tflite", "imx93/direct", DeployOptions(delegate=True, prove=False)).save(bundle / "it")
    shutil.copy(bundle / "it" / "model_vela.tflite", made / "kws_ref_model_vela.tflite")
    return made


def _files(folder: Path, *names: str) -> list[str]:
    return [str(folder / f"{name}_vela.tflite") for name in names]


def _run(*arguments: str | Path, device: tuple[str, ...] | None = (), **environment: str) -> str:
    """Return what the program prints, on a virtual device unless `device` is None."""
    program = [sys.executable, str(_PROGRAM), *map(str, arguments)]
    command = program if device is None else npufit_command("vnpu", "-t", "imx93", *device, "--", *program)
    environ = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, check=False, timeout=120, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_answers_are_those_of_the_source(library: Path, folder: Path) -> None:
    printed = _run("compare", library, _WAYS, *_files(folder, "kws_ref_model", "keras_lstm_mnist_ptq", "out_of_order"))
    assert printed.splitlines() == [
        "kws_ref_model_vela.tflite True True True no state",
        "keras_lstm_mnist_ptq_vela.tflite True True True state",
        "out_of_order_vela.tflite True True True no state",
    ]


def test_many_calls_with_operators_of_the_cpu_between_them(library: Path, folder: Path) -> None:
    printed = _run("compare", library, "xnnpack", *_files(folder, "fastestdet_shufflenetv2"))
    assert printed == "fastestdet_shufflenetv2_vela.tflite True no state\n"


def test_a_delegate_that_relays_as_in_benchmark_model(library: Path, folder: Path, tmp_path: Path) -> None:
    source = Path(__file__).with_name("relaying_delegate.c")
    relaying = compile_c(tmp_path / "librelaying.so", "-fPIC", "-shared", source, "-ldl")
    files = _files(folder, "out_of_order")
    assert _run("compare", relaying, _WAYS, *files, ETHOSU_RELAYED=str(library)) == (
        "out_of_order_vela.tflite True True True no state\n"
    )


def test_interpreters_beside_each_other(library: Path, folder: Path) -> None:
    assert _run("beside", library, *_files(folder, "keras_lstm_mnist_ptq", "out_of_order")) == "6 True\n"


def test_a_refused_stream_and_a_model_without_one(library: Path, folder: Path) -> None:
    files = *_files(folder, "kws_ref_model"), str(folder / "kws_ref_model.tflite")
    refused, left_alone = _run("attempt", library, *files, device=("--kernel", "7.2.6")).splitlines()
    assert "This kernel refuses a command stream" in refused
    assert "7.1.8 to 7.2.6 refuse them" in refused
    assert left_alone == "kws_ref_model.tflite ran"


def test_no_device_and_a_model_that_needs_none(library: Path, folder: Path) -> None:
    files = *_files(folder, "kws_ref_model"), str(folder / "kws_ref_model.tflite")
    missing, left_alone = _run("attempt", library, *files, device=None).splitlines()
    assert "ethosu_direct_delegate: There is no /dev/accel/accelN" in missing
    assert left_alone == "kws_ref_model.tflite ran"


def _first_wait_is_late(number: int, made: int) -> int | None:
    return errno.ETIME if number == BO_WAIT and made == 0 else None


_FAULTS: dict[str, tuple[Fault, str, tuple[str, ...]]] = {
    "interrupted": (interrupting(errno.EINTR, errno.EAGAIN), "persist", ("True", "True")),
    "late once": (_first_wait_is_late, "persist", ("The NPU did not finish in time", "True")),
    "gone": (vanishing(after=2), "persist", ("The device is gone", "The device is gone")),
    "no memory": (refusing(BO_CREATE, errno.ENOMEM, after=1), "attempt", ("CmaFree",)),
    "no streams": (refusing(CMDSTREAM_BO_CREATE, errno.ENOMEM, after=2), "attempt", ("CmaFree",)),
}


@pytest.mark.parametrize("case", _FAULTS.values(), ids=_FAULTS)
def test_devices_that_fail(
    case: tuple[Fault, str, tuple[str, ...]], library: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fault, what, expected = case
    device = FaultyDevice(virtual_device("imx93", Activity()), fault)
    program = launch([sys.executable, str(_PROGRAM), what, str(library), *_files(folder, "out_of_order")], device)
    try:
        assert program.wait() == 0
        program.wait_for_rest()
    finally:
        program.close()
    for line, words in zip(capfd.readouterr().out.splitlines(), expected, strict=True):
        assert words in line
    assert device.open_files == 0
    assert device.open_handles == 0 or "gone" in expected[-1]  # a device that is gone takes nothing back


def _with_data(model: Model, tensor: int, data: bytes) -> Model:
    tensors = list(model.main.tensors)
    tensors[tensor] = replace(tensors[tensor], buffer=replace(tensors[tensor].buffer, data=data))
    return replace(model, subgraphs=(replace(model.main, tensors=tuple(tensors)),))


def _with_offsets(model: Model, change: Callable[[list[int]], None]) -> Model:
    (plan,) = (entry for entry in model.metadata if entry.name == "OfflineMemoryAllocation")
    values = list(memoryview(bytes(plan.buffer.data)).cast("i"))
    change(values)
    buffer = replace(plan.buffer, data=struct.pack(f"<{len(values)}i", *values))
    return replace(
        model, metadata=tuple(replace(entry, buffer=buffer) if entry is plan else entry for entry in model.metadata)
    )


def _damaged(model: Model) -> Iterator[tuple[str, Model, str]]:
    """Yield files that do not have Vela's form, with what is said of them."""
    call = model.main.operators[0]
    stream = bytes(model.main.tensors[call.inputs[0]].buffer.data)
    output = 3 + call.outputs[0]

    def at(offset: int) -> Callable[[list[int]], None]:
        return lambda values: values.__setitem__(output, offset)

    def payload(*, config: int = 0x10000008, data: bytes = stream) -> Model:
        return _with_data(model, call.inputs[0], data[:8] + struct.pack("<I", config) + data[12:])

    yield "header", payload(data=b"COP2" + stream[4:]), "does not begin with Vela's header COP1"
    longer = stream[:30] + b"\xff\xff" + stream[32:]
    yield "length", payload(data=longer), "header of its command stream is damaged"
    yield "macs", payload(config=0x10000009), "compiled for Ethos-U65-512 (CONFIG 0x10000009), but /dev/accel/accel0 is"
    yield "product", payload(config=0x00000008), "compiled for Ethos-U55-256"
    yield "beyond", _with_offsets(model, at(1 << 30)), "outside the scratch memory of"
    yield "nowhere", _with_offsets(model, at(-1)), "lies at -1, outside"
    yield "short", _with_offsets(model, lambda values: values.__delitem__(slice(3, None))), "lies at -1, outside"
    renamed = tuple(replace(entry, name="other") for entry in model.metadata)
    yield "unplanned", replace(model, metadata=renamed), "no metadata OfflineMemoryAllocation"
    operators = (replace(call, inputs=call.inputs[:3]), *model.main.operators[1:])
    few = replace(model, subgraphs=(replace(model.main, operators=operators),))
    yield "few", few, "lacks an input that Vela writes"
    settings = (("arena-cache-size", "393216"),)
    source = npufit.load(find_model("fastestdet_shufflenetv2.tflite"))
    large = parse_model(STACK.compile(source, _DIRECT, PlaceOptions(settings=settings)).compiled, "large")
    yield "sram", large, "of SRAM, and Linux gives the NPU 98304: compile with Vela's --arena-cache-size 98304"


def test_files_that_cannot_run_say_why(library: Path, folder: Path, tmp_path: Path) -> None:
    compiled = parse_model((folder / "out_of_order_vela.tflite").read_bytes(), "compiled")
    expected: dict[str, str] = {}
    for name, model, message in _damaged(compiled):
        (tmp_path / name).write_bytes(serialize_model(model))
        expected[name] = message
    printed = _run("attempt", library, *(tmp_path / name for name in expected)).splitlines()
    for line, (name, message) in zip(printed, expected.items(), strict=True):
        assert line.startswith(f"{name} ethosu_direct_delegate: ")
        assert message in line


def test_a_resized_input_is_refused_until_it_is_resized_back(library: Path, folder: Path) -> None:
    printed = _run("resize", library, *_files(folder, "kws_ref_model")).splitlines()
    assert "was resized from 490 to 980 bytes; Vela compiled the model for one size" in printed[0]
    assert printed[-1] == "True"


def test_options(library: Path) -> None:
    given = "timeout_ms=500", "verbose=1", "device=x", "timeout_ms=-1", "verbose=yes", "cpu=1"
    name = "ethosu_direct_delegate: option"
    assert _run("options", library, *given, device=None).splitlines() == [
        *["taken"] * 3,
        f"{name} timeout_ms takes milliseconds, such as 500",
        f"{name} verbose takes 0 or 1",
        f"{name} cpu is unknown; options are device, timeout_ms and verbose",
    ]


def test_nothing_leaks_and_nothing_is_undefined(folder: Path, tmp_path: Path) -> None:
    found = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, check=False, text=True)
    sanitizer = Path(found.stdout.strip())
    if not sanitizer.is_absolute():
        pytest.skip("the compiler has no sanitizers")
    library = compile_c(tmp_path / _LIBRARY, *SANITIZERS, *_SHARED)
    preloaded = ("env", f"LD_PRELOAD={sanitizer}", sys.executable, str(_PROGRAM), "repeat", str(library))
    environment = {**os.environ, "ASAN_OPTIONS": f"exitcode=0:log_path={tmp_path}/report"}
    printed: list[str] = []
    for count in ("1", "6"):
        command = npufit_command("vnpu", "-t", "imx93", "--", *preloaded, count, *_files(folder, "out_of_order"))
        done = subprocess.run(command, capture_output=True, check=False, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert printed[0] == printed[1]
    reports = "".join(path.read_text() for path in tmp_path.glob("report.*"))
    assert "LeakSanitizer" in reports  # what Python keeps
    assert "ethosu_" not in reports


def test_regions_are_those_that_the_driver_counts(folder: Path, tmp_path: Path) -> None:
    walker = ctypes.CDLL(str(compile_c(tmp_path / "libvela.so", "-fPIC", "-shared", BOARD / "delegate_vela.c")))

    def regions(stream: bytes) -> set[int]:
        bits = walker.ethosu_vela_regions(stream, ctypes.c_size_t(len(stream)))
        return {region for region in range(32) if bits >> region & 1}

    generator = random.Random(1)
    counts: set[int] = set()
    for path in folder.glob("*_vela.tflite"):
        for call in read_programs(parse_model(path.read_bytes(), path.name)):
            stream = call.program.stream
            assert regions(stream) == used_regions(stream)
            counts.add(len(used_regions(stream)))
            noise = bytearray(stream)
            noise[generator.randrange(len(noise))] ^= 0xFF
            assert regions(bytes(noise[: generator.randrange(len(noise))])) <= set(range(8))
    assert counts == {1, 2, 3}


def test_only_what_the_runtime_calls_is_exported(library: Path) -> None:
    loaded = ctypes.CDLL(str(library))
    assert hasattr(loaded, "tflite_plugin_create_delegate")
    assert not any(hasattr(loaded, name) for name in ("ethosu_device_open", "network_load", "ethosu_vela_regions"))


@pytest.mark.parametrize("compiler", ["clang", "aarch64-linux-gnu-gcc"])
def test_other_compilers_have_nothing_to_warn_about(compiler: str, tmp_path: Path) -> None:
    compile_c(tmp_path / _LIBRARY, "-O2", *_SHARED, compiler=compiler)
