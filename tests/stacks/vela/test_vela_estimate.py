"""What Vela expects an inference to take: it adds up to Vela's own summary, and every pass is where it runs."""

from __future__ import annotations

import csv

import pytest

from networks.chains import chain, with_call
from npufit.chips import load_chip
from npufit.errors import ToolError
from npufit.graph import Model, OperatorId
from npufit.stacks.placement import CompilerEstimate, CompilerPass, Placement
from npufit.stacks.vela.compilation import Compilation, digest, from_bytes, to_bytes
from npufit.stacks.vela.labels import label_tensors
from npufit.stacks.vela.runner import VelaOutput, run_vela
from npufit.stacks.vela.settings import resolve_settings
from npufit.tflite import parse_model, read_model, serialize_model
from real_files import find_model
from stacks.vela.on_vela import place

Options = tuple[tuple[str, str], ...]

ETHOS_U85: Options = (
    ("accelerator", "ethos-u85-256"),
    ("system-config", "Ethos_U85_SYS_Flash_Low"),
    ("memory-mode", "Shared_Sram"),
)
SRAM_ONLY: Options = (
    ("accelerator", "ethos-u55-128"),
    ("system-config", "Ethos_U55_High_End_Embedded"),
    ("memory-mode", "Sram_Only"),
)
MOBILENET_V2 = "mobilenet_v2_1.0_224_quant"
MOBILENET_V3 = "keras_mobilenet_v3_small_224_int8_per_channel_io_int8"
BEHIND = ("dram", "on_chip_flash", "off_chip_flash")


def compile_here(model: Model, options: Options = ()) -> tuple[VelaOutput, Compilation]:
    """Return what the real Vela writes for `model`, and the digest of it."""
    output = run_vela(serialize_model(label_tensors(model)), resolve_settings(load_chip("imx93"), options), 120.0)
    return output, read(output, model)


def read(output: VelaOutput, model: Model) -> Compilation:
    """Return the digest of `output`."""
    return digest(output, model, "a test")


def estimate_of(placement: Placement) -> CompilerEstimate:
    """Return the estimate, which must be there."""
    assert placement.compiler_estimate is not None
    return placement.compiler_estimate


def summary_of(output: VelaOutput) -> dict[str, float]:
    """Return the numbers in Vela's summary."""
    (row,) = csv.DictReader(output.summary.splitlines())
    return {name: float(text) for name, text in row.items() if name.startswith(("nn_macs", "cycles", "sram", *BEHIND))}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (MOBILENET_V2, ()),
        ("ssd_mobilenet_v1_coco_quant", ()),
        ("fastestdet_shufflenetv2", ()),
        (MOBILENET_V3, ETHOS_U85),
        (MOBILENET_V3, SRAM_ONLY),
        pytest.param("deeplabv3_mnv2_dm05_pascal_quant", (), marks=pytest.mark.slow),
    ],
)
def test_passes_add_up_to_the_summary(name: str, options: Options) -> None:
    output, compilation = compile_here(read_model(find_model(f"{name}.tflite")), options)
    summary, passes = summary_of(output), compilation.estimate.passes
    assert compilation.estimate.total_cycles == summary["cycles_total"] > 0
    assert sum(entry.total_cycles for entry in passes) == summary["cycles_total"]
    assert sum(entry.npu_cycles for entry in passes) == summary["cycles_npu"]
    assert sum(entry.macs for entry in passes) == summary["nn_macs"]
    assert sum(entry.sram_bytes for entry in passes) == summary["sram_total_bytes"]
    behind = sum(entry.dram_read_bytes + entry.dram_write_bytes + entry.dram_weight_bytes for entry in passes)
    assert behind == sum(summary[f"{memory}_total_bytes"] for memory in BEHIND)
    written = sum(entry.dram_write_bytes for entry in passes)
    assert written == sum(summary[f"{memory}_feature_map_write_bytes"] for memory in BEHIND)
    # The summary has feature maps without look-up tables, and weights without scales.
    read_bytes = sum(entry.dram_read_bytes for entry in passes)
    tables = read_bytes - sum(summary[f"{memory}_feature_map_read_bytes"] for memory in BEHIND)
    assert tables >= 0
    assert tables % 256 == 0
    weights = sum(summary[f"{memory}_weight_read_bytes"] for memory in BEHIND)
    assert sum(entry.dram_weight_bytes for entry in passes) >= weights
    assert from_bytes(to_bytes(compilation)) == compilation


def test_an_operation_takes_the_slower_of_arithmetic_and_memory() -> None:
    estimate = estimate_of(place(read_model(find_model(f"{MOBILENET_V2}.tflite"))))
    for entry in estimate.passes:
        assert entry.total_cycles == max(entry.npu_cycles, entry.memory_cycles) > 0
    assert estimate.clock_hz == 1e9
    assert estimate.total_ms == pytest.approx(estimate.total_cycles / 1e6)
    assert estimate.origin == "Vela 5.2.0, own estimate with Ethos_U65_High_End and Dedicated_Sram_384KB"


def test_the_first_convolution_reads_an_unfit_layout() -> None:
    # A pixel of the image has 3 bytes, of which each burst of 128 gets 8: Vela counts 16 times what is of use.
    first = estimate_of(place(read_model(find_model(f"{MOBILENET_V2}.tflite")))).passes[0]
    assert first == CompilerPass(
        partition=0,
        operator=OperatorId(0, 0),
        kind="Conv2D",
        macs=112 * 112 * 32 * 3 * 3 * 3,
        npu_cycles=485521,
        memory_cycles=1725969,
        total_cycles=1725969,
        sram_bytes=401408 + 94848 + 1152 + 36480,
        dram_read_bytes=6435072,
        dram_write_bytes=0,
        dram_weight_bytes=1152,
        dram_efficiency=0.062668,
    )


def test_passes_are_where_their_operators_are() -> None:
    placement = place(read_model(find_model("fastestdet_shufflenetv2.tflite")))
    units = {placed.id: placed for placed in placement.operators}
    passes = estimate_of(placement).passes
    assert {entry.partition for entry in passes} == {part.index for part in placement.partitions}
    assert [entry.partition for entry in passes] == sorted(entry.partition for entry in passes)
    for entry in passes:
        assert entry.operator is not None
        assert entry.operator is not None
        placed = units[entry.operator]
        assert placed.unit == "npu"
        assert placed.partition == entry.partition


def test_more_than_all_is_all() -> None:
    # Vela counts the values of 32 bits inside a MatMul with 8 on one side only, and writes 7.000000.
    passes = estimate_of(place(read_model(find_model("keras_transformer_encoder_int8.tflite")))).passes
    products = [entry for entry in passes if entry.kind == "MatMul"]
    assert [entry.dram_efficiency for entry in products] == [1.0] * 4


def test_operators_on_the_cpu_have_no_pass() -> None:
    placement = place(chain("RELU", "SQUARE", "ABS"))
    found = [(entry.partition, entry.operator) for entry in estimate_of(placement).passes]
    assert found == [(0, (0, 0)), (1, (0, 2))]
    idle = estimate_of(place(chain("SQUARE")))
    assert (idle.passes, idle.total_cycles, idle.total_ms) == ((), 0, 0.0)


def test_of_several_subgraphs_vela_tells_only_the_last() -> None:
    estimate = estimate_of(place(with_call()))
    (entry,) = estimate.passes
    assert (entry.partition, entry.operator, entry.kind) == (1, (1, 0), "Relu6")
    assert estimate.total_cycles == 2 * entry.total_cycles


def test_a_compiled_file_has_no_estimate() -> None:
    compiled = run_vela(serialize_model(chain("RELU")), resolve_settings(load_chip("imx93"), ()), 60.0).compiled
    assert place(parse_model(compiled, "compiled")).compiler_estimate is None


@pytest.fixture(scope="module")
def relu() -> tuple[Model, VelaOutput]:
    """Return a tiny model and what Vela writes for it."""
    model = chain("RELU")
    return model, compile_here(model)[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"SramLut_read"', b'"SramLut_guess"'),
        (b'"Dram_read_efficiency"', b'"Dram_luck"'),
        (b'_ac"', b'_at"'),
        (b'"op_cycles"', b'"op_moons"'),
        (b'"0.750000"', b'"-0.75"'),
        (b'"0.750000"', b'"nan"'),
        (b'"0.750000"', b'"inf"'),
        (b'"0.750000"', b'"many"'),
        (b",1024,", b",-1024,"),
        (b",1024,", b",many,"),
        (b",1024,", b"," + b"9" * 20 + b","),
        (b",1024,", b"," + b"9" * 200_000 + b","),
        (b'name="perf"', b'name="pref"'),
        (b'name="perf_debug"', b'name="pref_debug"'),
    ],
)
def test_an_unknown_form_of_the_database_is_told(relu: tuple[Model, VelaOutput], before: bytes, after: bytes) -> None:
    model, output = relu
    assert before in output.database
    changed = VelaOutput(output.compiled, output.database.replace(before, after), output.summary, output.printed)
    with pytest.raises(ToolError, match="debug database has an unknown form"):
        read(changed, model)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("core_clock", "clock"),
        ("cycles_total", "moons_total"),
        ("1000000000.0", "0.0"),
        ("1000000000.0", "nan"),
        ("1000000000.0", "fast"),
    ],
)
def test_an_unknown_form_of_the_summary_is_told(relu: tuple[Model, VelaOutput], before: str, after: str) -> None:
    model, output = relu
    assert before in output.summary
    changed = VelaOutput(output.compiled, output.database, output.summary.replace(before, after), output.printed)
    with pytest.raises(ToolError, match="summary has an unknown form"):
        read(changed, model)
