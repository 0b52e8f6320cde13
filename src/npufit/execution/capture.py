"""Captures of Mesa's `ethosu` driver as partitions of a model: their operators, and the layout of the feature maps.

The submissions are those that `npufit.ethosu` reads. The folder also has `teflon.log` from `TEFLON_DEBUG=verbose`: the
operations of each partition, in the order of the submissions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from npufit.errors import InputError
from npufit.ethosu import COEFFICIENTS_REGION, IO_REGION, CapturedSubmission, read_submissions
from npufit.files import read_bounded
from npufit.graph import NO_TENSOR, Model, boundary, wire
from npufit.graph.arrays import dtype_of

BRICK_CHANNELS = 16

_LARGEST_SRAM_BYTES = 1 << 30
_LARGEST_LOG_BYTES = 64 << 20
_COMPILING = re.compile(r"^teflon: compiling graph: ")
_OPERATIONS = re.compile(r"^idx type\s+inputs\s+outputs\s*$")
_OPERATION = re.compile(r"^\s*\d{1,6} [A-Z_0-9]{1,40}\s+(?:[\d,]+\s+)?(\d{1,9}(?:,\d{1,9})*)\s*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class SubmittedData:
    """What the driver submitted to the kernel for one partition; `io` contains the partition's inputs at that time."""

    stream: bytes
    coefficients: bytes
    io: bytes
    sram_bytes: int


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a feature map in the IO region; `in_bricks` says that it is stored in bricks of 16 channels."""

    tensor: int
    offset: int
    shape: tuple[int, int, int, int]
    in_bricks: bool


@dataclass(frozen=True, slots=True)
class CapturedPartition:
    """A submission, the operators of the model that it executes, and its feature maps by tensor.

    `inputs` and `outputs` cross its boundary; the driver copies them unchanged, whatever their layout.
    """

    submission: SubmittedData
    operators: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    slots: tuple[Slot, ...]


def read_capture(folder: Path, model: Model) -> tuple[CapturedPartition, ...]:
    """Return the partitions in the captured `folder` of `model`, in the order of the submissions.

    Raises InputError if files are missing, damaged or of another model.
    """
    submissions = [_read_data(submission) for submission in read_submissions(folder)]
    tables = list(_read_tables(folder, model))
    if len(tables) != len(submissions):
        raise InputError(
            f"{folder}: teflon.log has {len(tables)} partitions, but the folder has {len(submissions)} submissions. "
            "Give a capture of one inference."
        )
    return tuple(
        _partition(folder, model, index, submission, operators)
        for index, (submission, operators) in enumerate(zip(submissions, tables, strict=True))
    )


def _read_data(submission: CapturedSubmission) -> SubmittedData:
    sram_bytes = submission.sizes.sram_bytes
    if sram_bytes > _LARGEST_SRAM_BYTES:
        raise InputError(
            f"{submission.folder}: submit{submission.number}-meta.txt asks for {sram_bytes} bytes of SRAM."
        )
    return SubmittedData(
        submission.stream, submission.buffer(COEFFICIENTS_REGION), submission.buffer(IO_REGION), sram_bytes
    )


def _read_tables(folder: Path, model: Model) -> Iterator[tuple[int, ...]]:
    """Yield the operators of each partition, found in the model by their outputs."""
    text = read_bounded(folder / "teflon.log", _LARGEST_LOG_BYTES).decode("utf-8", "replace")
    producer = wire(model.main).producer
    operators: list[int] | None = None
    for line in text.splitlines():
        if _COMPILING.match(line):
            operators = None
        elif _OPERATIONS.match(line):
            operators = []
        elif operators is not None and (row := _OPERATION.match(line)):
            output = int(row[1].split(",")[0])
            writer = producer[output] if output < len(producer) else None
            if writer is None:
                raise InputError(
                    f"{folder}: teflon.log is of another model: no operator of {model.name} writes tensor {output}."
                )
            operators.append(writer)
        elif operators and not line.strip():
            yield tuple(operators)
            operators = None


def _partition(
    folder: Path, model: Model, index: int, submission: SubmittedData, operators: tuple[int, ...]
) -> CapturedPartition:
    crossing = boundary(model.main, operators)
    slots, end = place_slots(model, operators)
    if end != len(submission.io):
        raise InputError(
            f"{folder}: the feature maps of partition {index} take {end} bytes, but its IO buffer has "
            f"{len(submission.io)}. The capture is of another model, or of a driver that places them differently."
        )
    return CapturedPartition(submission, operators, crossing.inputs, crossing.outputs, slots)


def place_slots(model: Model, operators: Sequence[int]) -> tuple[tuple[Slot, ...], int]:
    """Return where Mesa's driver puts the feature maps of a partition, and the end of the last one.

    One slot after the other, each at a multiple of 16 bytes, in the order in which the operations reach them: the first
    input, the output, the other inputs; none is reused. PAD has no slot: it is folded into the convolution that reads
    it. A tensor that one operation of the partition writes and another reads is in bricks if its channels are a
    multiple of 16. (Mesa 25.3, `ethosu_lower.c` and `ethosu_ml.c`; the addresses in the captured streams agree.)
    """
    main = model.main
    source = {
        operator.outputs[0]: operator.inputs[0]
        for operator in (main.operators[index] for index in operators)
        if operator.type == "PAD"
    }
    executed = [main.operators[index] for index in operators if main.operators[index].type != "PAD"]
    read = {source.get(tensor, tensor) for operator in executed for tensor in operator.inputs}
    written = {tensor for operator in executed for tensor in operator.outputs}
    slots: dict[int, Slot] = {}
    end = 0
    for operator in executed:
        for named in (operator.inputs[0], *operator.outputs, *operator.inputs[1:]):
            tensor = source.get(named, named)
            if tensor == NO_TENSOR or main.tensors[tensor].is_constant or tensor in slots:
                continue
            shape = _four_dimensions(model, tensor)
            in_bricks = tensor in read and tensor in written and shape[3] % BRICK_CHANNELS == 0
            slots[tensor] = Slot(tensor, end, shape, in_bricks)
            end += -(-prod(shape) * _item_bytes(model, tensor) // 16) * 16
    return tuple(slots.values()), end


def _four_dimensions(model: Model, tensor: int) -> tuple[int, int, int, int]:
    shape = model.main.tensors[tensor].shape
    if shape is None or len(shape) > 4:
        raise InputError(
            f"{model.name}: tensor {tensor} has shape {shape}, but Mesa's driver takes at most 4 dimensions."
        )
    batch, height, width, channels = (1,) * (4 - len(shape)) + shape
    return batch, height, width, channels


def _item_bytes(model: Model, tensor: int) -> int:
    dtype = dtype_of(model.main.tensors[tensor])
    return 1 if dtype is None else dtype.itemsize
