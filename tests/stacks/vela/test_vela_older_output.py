"""What a real Vela 3.8 printed and wrote, read again: warnings, record, summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from networks.chains import chain
from npufit.chips import load_chip
from npufit.errors import ToolError
from npufit.graph import Operator
from npufit.stacks.vela.compilation import digest, from_bytes, to_bytes
from npufit.stacks.vela.compiler import Compiler, Way
from npufit.stacks.vela.log import read_log
from npufit.stacks.vela.reasons import Reason, read_cpu_count, read_reasons
from npufit.stacks.vela.record import read_record
from npufit.stacks.vela.rules import explain
from npufit.stacks.vela.runner import VelaOutput
from npufit.stacks.vela.settings import resolve_settings

DATA = Path(__file__).parent / "data"
MODEL = chain("RELU", "ABS", "SOFTMAX")
PRINTED = """\
Warning: Unsupported TensorFlow Lite semantics for RESHAPE 'a/b c'. Placing on CPU instead
 - Input(s) and Output tensors must not be greater than 4D
   Tensor 'a/b c' has shape: [2, 1, 24, 28, 28]
Warning: RESIZE_BILINEAR 'up' is not supported on the NPU. Placing on CPU instead
 - The width and height of the IFM and OFM must match one of the following criteria:
        IFM W and H must both be 1
        IFM must match OFM
   Op has ifm_shape=[1, 7, 7, 8], ofm_shape=[1, 20, 20, 8] and align_corners=False
Info: GATHER 'picked' is a CPU only op
Warning: FULLY_CONNECTED 'fc' is not supported on the NPU. Placing on CPU instead
 - Weight tensor must be constant
Warning: Could not write the following attributes to RESHAPE 'a/b c' ReshapeOptions field: new_shape

CPU operators = 4 (30.8%)
NPU operators = 9 (69.2%)
"""


def output() -> VelaOutput:
    """Return all that Vela 3.8 left of `MODEL`."""
    return VelaOutput(
        (DATA / "vela-3.8-compiled.tflite").read_bytes(),
        (DATA / "vela-3.8-debug.xml").read_bytes(),
        (DATA / "vela-3.8-summary.csv").read_text(),
        (DATA / "vela-3.8-printed.txt").read_text(),
        (DATA / "vela-3.8-record.json").read_bytes(),
    )


def test_the_warnings_are_read() -> None:
    assert read_reasons(PRINTED) == (
        Reason(
            "RESHAPE",
            "a/b c",
            "Tensor 'a/b c' has shape: [2, 1, 24, 28, 28]",
            "Input(s) and Output tensors must not be greater than 4D",
        ),
        Reason(
            "RESIZE_BILINEAR",
            "up",
            "Op has ifm_shape=[1, 7, 7, 8], ofm_shape=[1, 20, 20, 8] and align_corners=False",
            "The width and height of the IFM and OFM must match one of the following criteria: IFM W and H must both "
            "be 1 IFM must match OFM",
        ),
        Reason("FULLY_CONNECTED", "fc", "", "Weight tensor must be constant"),
        Reason("GATHER", "picked", "is a CPU only op", ""),
    )
    assert read_cpu_count(PRINTED) == 4


@pytest.mark.parametrize(
    ("kind", "found", "wanted", "rule"),
    [
        ("GATHER", "is a CPU only op", "", "vela.unsupported-type"),
        ("TRANSPOSE", "Op has tensors with missing quantization parameters: p", "x", "vela.unsupported-type"),
        ("RESHAPE", "Tensor 'x' has shape: [1, 2, 3, 4, 5]", "must not be greater than 4D", "vela.rank"),
        ("RESHAPE", "Op has non-const input(s): x", "Shape must be constant", "vela.unknown-shape"),
        ("PACK", "Op has dynamic tensor(s): x", "tensors must not be dynamic", "vela.unknown-shape"),
        ("ADD", "Tensor 'x' has data type: float32", "Tensors must be of type: int16, int8", "vela.float"),
        ("ADD", "Tensor 'x' has data type: int64", "Tensors must be of type: int16, int8", "vela.data-type"),
        ("ADD", "Op has tensors with missing quantization parameters: x", "x", "vela.unquantized"),
        ("QUANTIZE", "Op has tensors with missing quantization parameters: x", "x", "vela.float"),
        ("CONV_2D", "Tensor 'x' has batch size: 2", "IFM Tensor batch size must be 1", "vela.batch"),
        ("MEAN", "Product of height and width is 6400", "must be no greater than 4096", "vela.constraint"),
    ],
)
def test_the_warnings_have_rules(kind: str, found: str, wanted: str, rule: str) -> None:
    finding = explain(Operator(kind, (0,), (1,)), Reason(kind, "t", found, wanted), MODEL, "3.8.0")
    assert finding.rule.id == rule
    assert finding.source == "Vela 3.8.0: warning"


def test_a_later_release_is_named_where_it_has_a_recipe() -> None:
    reason = Reason("TRANSPOSE", "t", "is a CPU only op", "")
    operator = Operator("TRANSPOSE", (0,), (1,))
    texts = [remedy.text for remedy in explain(operator, reason, MODEL, "3.8.0").remedies]
    assert any(text.startswith("Vela 3.10 translates TRANSPOSE (BSP lf-6.6.3)") for text in texts)
    assert not any("translates" in remedy.text for remedy in explain(operator, reason, MODEL, "5.2.0").remedies)


def test_a_log_of_an_older_release_is_read() -> None:
    log = read_log(PRINTED, chain("RELU"))
    assert log is not None
    assert (log.npu_operators, log.total_operators) == (9, 13)


def test_the_record_ties_commands_and_passes_to_operators() -> None:
    database, passes = read_record(output().record, MODEL)
    assert database.stream_count == 1
    assert {(work.operator, work.stream) for work in database.work} == {((0, index), 0) for index in range(3)}
    assert {write.tensor for write in database.writes} <= {1, 2, 3}
    assert sum(entry.total_cycles for entry in passes) > 0
    assert {entry.operator for entry in passes} == {(0, index) for index in range(3)}
    assert all(0 <= entry.dram_efficiency <= 1 for entry in passes)


def test_the_compilation_survives_the_cache() -> None:
    compilation = digest(output(), MODEL, "a test")
    assert compilation.estimate.clock_hz == 1e9
    assert compilation.printed_cpu == 0
    assert from_bytes(to_bytes(compilation)) == compilation


@pytest.mark.parametrize("change", ["streams", "commands", "operations", "passes"])
def test_a_record_of_another_form_is_refused(change: str) -> None:
    record = json.loads(output().record)
    record[change] = [{}] if change != "streams" else []
    with pytest.raises(ToolError, match="The data recorded in Vela has an unknown form"):
        read_record(json.dumps(record).encode(), MODEL)


def test_settings_are_given_in_the_words_of_the_release(tmp_path: Path) -> None:
    config = tmp_path / "Arm"
    config.mkdir()
    (config / "vela.ini").write_text("[System_Config.Ethos_U65_High_End]\n[Memory_Mode.Dedicated_Sram]\n")
    older = Compiler("3.8.0", Way.RECORDED, "python", "id", tmp_path, "")
    arguments = resolve_settings(load_chip("imx93"), (), older).arguments()
    assert arguments[arguments.index("--memory-mode") + 1] == "Dedicated_Sram"
    assert arguments[arguments.index("--arena-cache-size") + 1] == "393216"
    own = resolve_settings(load_chip("imx93"), (("arena-cache-size", "65536"),), older)
    assert own.arena_cache_size_bytes == 65536
    (config / "vela.ini").write_text("[System_Config.Ethos_U65_High_End]\n[Memory_Mode.Dedicated_Sram_384KB]\n")
    newer = resolve_settings(load_chip("imx93"), (), older)
    assert (newer.memory_mode, newer.arena_cache_size_bytes) == ("Dedicated_Sram_384KB", None)
