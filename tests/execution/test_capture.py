"""Captures of Mesa's driver: the three stories that they tell, and what is refused."""

from __future__ import annotations

import lzma
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import npufit
from npufit.errors import InputError
from npufit.ethosu import Machine, Program
from npufit.ethosu.operations import BlockOperation, Layout
from npufit.execution import IN_BRICKS
from npufit.execution.capture import read_capture
from npufit.execution.slots import PartitionLayout, is_written_so, writers_of
from npufit.running import RunOptions, RunResult, run
from real_files import find_capture, find_model, list_captures

_COMPARE = RunOptions(compare=True, repeat=0)


def _replay(name: str) -> RunResult:
    model = npufit.load(find_model(f"{name}.tflite"))
    return run(model, find_capture(name), _COMPARE)


def test_mobilenet_v1_is_exact() -> None:
    comparison = _replay("mobilenet_v1_0.5_160_quant").comparison
    assert comparison is not None
    assert comparison.is_equal
    assert len(comparison.tensors) == 31


def test_keras_mobilenet_v2_is_exact_up_to_the_first_pad_and_wrong_from_there() -> None:
    result = _replay("keras_mobilenet_v2_224_int8_per_tensor_io_int8")
    assert result.comparison is not None
    first = result.comparison.first_difference
    assert first is not None
    operators = result.model.main.operators
    assert (operators[first.operator - 1].type, operators[first.operator].type) == ("PAD", "DEPTHWISE_CONV_2D")
    assert [found.operator for found in result.comparison.tensors[:4]] == [0, 1, 2, 3]
    assert first.operator == 5
    assert 0.7 < first.share < 0.8
    assert first.largest == 255
    assert not any(found.is_equal for found in result.comparison.tensors[4:])


def test_ssd_mobilenet_v1_lets_a_feature_map_out_in_bricks() -> None:
    result = _replay("ssd_mobilenet_v1_coco_quant")
    assert result.partitions == 4
    assert result.comparison is not None
    first = result.comparison.first_difference
    assert first is not None
    assert first.operator == 26
    assert result.model.main.tensors[first.tensor].shape == (1, 10, 10, 768)
    assert first.note == IN_BRICKS
    # Its reader inside the partition finds it right, its reader on the CPU does not.
    equal = {found.operator: found.is_equal for found in result.comparison.tensors}
    readers = {
        index: equal[index]
        for index, operator in enumerate(result.model.main.operators)
        if first.tensor in operator.inputs
    }
    on_npu = {
        operator
        for partition in read_capture(find_capture("ssd_mobilenet_v1_coco_quant"), result.model)
        for operator in partition.layout.operators
    }
    assert readers == {index: index in on_npu for index in readers}
    assert set(readers.values()) == {True, False}


@pytest.mark.parametrize(
    ("name", "is_equal"),
    [
        ("add_relu_bcast", True),
        ("concat_c16", True),
        ("depthwise_1ch", True),
        ("pad_asym_conv", False),
        ("pad_sym_conv", False),
        ("residual_chain", True),
        ("resize2x", True),
        ("resize3x", False),
        ("slice_h", True),
    ],
)
def test_small_networks_of_one_hazard_each(name: str, is_equal: bool) -> None:
    comparison = _replay(f"micro/{name}").comparison
    assert comparison is not None
    assert comparison.is_equal == is_equal


def test_feature_maps_lie_where_the_streams_say() -> None:
    """Every feature map that is written begins a slot, in the order and the layout that the rules give."""

    def moved(layout: PartitionLayout) -> PartitionLayout:
        slots = tuple(replace(slot, offset=slot.offset + 16 if slot.offset else 0) for slot in layout.slots)
        return replace(layout, slots=slots)

    for name, folder in list_captures().items():
        model = npufit.load(find_model(f"{name}.tflite"))
        for partition in read_capture(folder, model):
            submission, layout = partition.submission, partition.layout
            by_offset = {slot.offset: slot for slot in layout.slots}
            regions = ((1, len(submission.io)), (2, submission.sram_bytes))
            operations = Machine(Program(submission.stream, submission.coefficients, regions)).operations
            writers = writers_of(layout, operations)
            assert is_written_so(model, layout, writers)
            assert not is_written_so(model, layout, dict(list(writers.items())[1:]))
            assert not is_written_so(model, moved(layout), writers)
            written = [operation.ofm for operation in operations if isinstance(operation, BlockOperation)]
            slots = {by_offset[ofm.bases[0]].tensor: ofm for ofm in written if ofm.bases[0] in by_offset}
            operators = [model.main.operators[index] for index in layout.operators]
            assert list(slots) == [operator.outputs[0] for operator in operators if operator.type != "PAD"]
            for slot in layout.slots:
                if slot.tensor in slots and slot.shape[2] > 1 and slot.shape[3] > 16:
                    assert (slots[slot.tensor].layout is Layout.NHCWB16) == slot.in_bricks, (folder.name, slot)


def _without_log(folder: Path) -> None:
    (folder / "teflon.log").unlink()


def _log_of_nothing(folder: Path) -> None:
    (folder / "teflon.log").write_text("nothing")


def _log_of_another(folder: Path) -> None:
    log = folder / "teflon.log"
    log.write_text(log.read_text().replace("0,6,3                7", "0,6,3                7000"))


def _cut_archive(folder: Path) -> None:
    path = folder / "submit00-io.bin.xz"
    path.write_bytes(path.read_bytes()[:-9])


def _damaged_archive(folder: Path) -> None:
    (folder / "submit00-io.bin.xz").write_bytes(b"no archive")


def _short_io(folder: Path) -> None:
    (folder / "submit00-io.bin.xz").write_bytes(lzma.compress(bytes(16)))


def _huge_sram(folder: Path) -> None:
    meta = folder / "submit00-meta.txt"
    meta.write_text(meta.read_text().replace("sram_size=98304", "sram_size=99999999999"))


def _small_io(folder: Path) -> None:
    meta = folder / "submit00-meta.txt"
    meta.write_text(meta.read_text().replace("size=10944", "size=1600"))
    (folder / "submit00-io.bin.xz").write_bytes(lzma.compress(bytes(1600)))


def _without_submissions(folder: Path) -> None:
    for path in folder.glob("submit*"):
        path.unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without_log, r"teflon.log: cannot be read"),
        (_log_of_nothing, "teflon.log has 0 partitions, but the folder has 2 submissions"),
        (_log_of_another, "writes tensor 7000"),
        (_cut_archive, "is truncated"),
        (_damaged_archive, "cannot be unpacked"),
        (_short_io, "submit00-io has 16 bytes, but its meta.txt says 10944"),
        (_small_io, "take 10944 bytes, but its IO buffer has 1600"),
        (_huge_sram, "asks for 99999999999 bytes of SRAM"),
        (_without_submissions, "is not a capture"),
    ],
)
def test_a_damaged_capture_is_one_clear_error(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    folder = tmp_path / "residual_chain"
    folder.mkdir()
    for path in find_capture("micro/residual_chain").iterdir():
        shutil.copyfile(path, folder / path.name)
    model = npufit.load(find_model("micro/residual_chain.tflite"))
    assert len(read_capture(folder, model)) == 2
    damage(folder)
    with pytest.raises(InputError, match=message):
        read_capture(folder, model)


def test_a_capture_of_another_model_is_refused() -> None:
    model = npufit.load("zoo:mobilenet_v1@96,uint8,alpha=0.25")
    with pytest.raises(InputError):
        read_capture(find_capture("ssd_mobilenet_v1_coco_quant"), model)
    with pytest.raises(InputError, match="no such folder"):
        read_capture(Path("absent"), model)
