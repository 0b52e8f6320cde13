"""Real networks, compiled by the real Vela or captured from Mesa, against the reference kernels."""

from __future__ import annotations

import numpy as np
import pytest
from ethosu_programs import captured, compile_and_run, differing, golden_values

from npufit.errors import InputError
from npufit.ethosu import Machine, read_programs
from npufit.ethosu.arrays import Array, Memory
from npufit.ethosu.feature_maps import read_feature_map
from npufit.ethosu.operations import BlockOperation, Operation
from npufit.tflite import read_model
from npufit.zoo import build, parse_spec
from real_files import find_capture, find_model, list_models

REFUSED = "test_split_int8"
NOT_PLACED = ("test_mean_int8", "test_exp_int8")


@pytest.mark.parametrize("group", ["single_ops", "micro"])
def test_small_models_are_exact(group: str) -> None:
    wrong: dict[str, object] = {}
    for file, path in list_models(most_bytes=200_000).items():
        if not file.startswith(f"{group}/") or path.stem in (REFUSED, *NOT_PLACED):
            continue
        found = differing(compile_and_run(read_model(path)))
        if found:
            wrong[path.stem] = found
    assert wrong == {}


@pytest.mark.parametrize(
    "spec",
    [
        "zoo:mobilenet_v2@96,int8,io=int8",
        "zoo:mobilenet_v2@64,int8-per-tensor,io=int8",
        "zoo:mobilenet_v2@64,uint8,io=uint8",
    ],
)
def test_mobilenet_v2_is_exact(spec: str) -> None:
    assert differing(compile_and_run(build(parse_spec(spec)))) == {}


@pytest.mark.parametrize(
    "name",
    ["keras_transformer_encoder_int8", "kws_ref_model", "single_ops/test_mnist_uint8", "fastestdet_shufflenetv2"],
)
def test_other_networks_are_exact(name: str) -> None:
    assert differing(compile_and_run(read_model(find_model(f"{name}.tflite")))) == {}


@pytest.mark.parametrize(
    ("accelerator", "others"),
    [
        ("ethos-u65-512", ()),
        ("ethos-u55-32", (("system-config", "Ethos_U55_High_End_Embedded"), ("memory-mode", "Shared_Sram"))),
    ],
)
def test_other_accelerators_are_exact(accelerator: str, others: tuple[tuple[str, str], ...]) -> None:
    model = build(parse_spec("zoo:mobilenet_v2@64,int8,io=int8"))
    compiled = compile_and_run(model, ("accelerator", accelerator), *others)
    assert compiled.calls[0].program.accelerator == accelerator
    assert differing(compiled) == {}


def test_fully_connected_is_one_step_off() -> None:
    # The reference's FULLY_CONNECTED rounds once, what Vela asks the NPU for rounds twice.
    assert set(differing(compile_and_run(read_model(find_model("ad01_int8.tflite")))).values()) == {1}


def test_a_file_without_npu_calls_is_refused() -> None:
    with pytest.raises(InputError, match="no ethos-u operator"):
        read_programs(read_model(find_model("kws_ref_model.tflite")))


class Results:
    """Keeps what every operation wrote."""

    def __init__(self) -> None:
        self.written: list[Array] = []

    def executed(self, operation: Operation, memory: Memory) -> None:
        """Keep the OFM."""
        if isinstance(operation, BlockOperation):
            self.written.append(read_feature_map(operation.ofm, memory).copy())


def replay(name: str) -> list[bool]:
    """Return for every operation of a capture's first submission whether some tensor of the reference equals it."""
    program, buffer = captured(find_capture(name), 0)
    golden = golden_values(find_model(f"{name}.tflite").read_bytes(), seed=0)
    results = Results()
    memory = {1: np.frombuffer(buffer, np.uint8).copy(), 2: np.zeros(dict(program.region_bytes)[2], np.uint8)}
    run = Machine(program).run(memory, listeners=[results])
    # Mesa up to 26.0 sets BLOCKDEP to 3 whatever follows; test_block_overlap.py has what comes of it.
    assert all("with BLOCKDEP 3" in finding.message for finding in run.findings)
    return [
        any(
            values.size == written.size and np.array_equal(values.ravel(), written.ravel())
            for values in golden.values()
        )
        for written in results.written
    ]


def test_captured_mobilenet_v1_is_exact() -> None:
    equal = replay("mobilenet_v1_0.5_160_quant")
    assert len(equal) == 29
    assert all(equal)


def test_captured_mobilenet_v2_goes_wrong_at_its_first_pad() -> None:
    equal = replay("keras_mobilenet_v2_224_int8_per_tensor_io_int8")
    assert equal.index(False) == 4
    assert not any(equal[4:])


def test_captured_ssd_computes_its_first_partition_right() -> None:
    assert all(replay("ssd_mobilenet_v1_coco_quant"))
