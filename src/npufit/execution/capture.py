"""Captured submissions of Mesa's `ethosu` driver: the files of a folder, and the layout of feature maps.

For submission NN a folder has `submitNN-cmdstream.bin`, `submitNN-coefs.bin` (region 0, if there is one),
`submitNN-io.bin` (region 1: every feature map) and `submitNN-meta.txt` (sizes), each `.bin` also as `.bin.xz`. It also
has `teflon.log` from `TEFLON_DEBUG=verbose`: the operations of each partition, in the order of the submissions.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from npufit.errors import InputError
from npufit.files import read_bounded
from npufit.graph import NO_TENSOR, Model, boundary, wire
from npufit.graph.arrays import dtype_of

IO_REGION = 1
SRAM_REGION = 2
BRICK_CHANNELS = 16

_LARGEST_PART_BYTES = 1 << 30
_LARGEST_LOG_BYTES = 64 << 20
_META = re.compile(r"submit(\d{2,4})-meta\.txt", re.ASCII)
_SIZE = re.compile(r"^(?:region(\d) bo=\d+ |(sram)_)size=(\d{1,12})$", re.ASCII | re.MULTILINE)
_COMPILING = re.compile(r"^teflon: compiling graph: ")
_OPERATIONS = re.compile(r"^idx type\s+inputs\s+outputs\s*$")
_OPERATION = re.compile(r"^\s*\d{1,6} [A-Z_0-9]{1,40}\s+(?:[\d,]+\s+)?(\d{1,9}(?:,\d{1,9})*)\s*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Submission:
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

    submission: Submission
    operators: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    slots: tuple[Slot, ...]


def read_capture(folder: Path, model: Model) -> tuple[CapturedPartition, ...]:
    """Return the partitions in the captured `folder` of `model`, in the order of the submissions.

    Raises InputError if files are missing, damaged or of another model.
    """
    submissions = [_read_submission(folder, number) for number in _numbers(folder)]
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


def _numbers(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. --capture takes a folder with submit00-cmdstream.bin and so on.")
    found = sorted(match[1] for path in folder.iterdir() if (match := _META.fullmatch(path.name)))
    if not found:
        raise InputError(f"{folder}: there is no submit00-meta.txt, so this is not a capture of Mesa's ethosu driver.")
    return found


def _read_submission(folder: Path, number: str) -> Submission:
    meta = read_bounded(folder / f"submit{number}-meta.txt", 1 << 16).decode("utf-8", "replace")
    sizes = {match[1] or match[2]: int(match[3]) for match in _SIZE.finditer(meta)}
    submission = Submission(
        stream=_read_part(folder, f"submit{number}-cmdstream"),
        coefficients=_read_part(folder, f"submit{number}-coefs") if "0" in sizes else b"",
        io=_read_part(folder, f"submit{number}-io"),
        sram_bytes=sizes.get("sram", 0),
    )
    for name, data, said in (("io", submission.io, "1"), ("coefs", submission.coefficients, "0")):
        if len(data) != sizes.get(said, 0):
            raise InputError(
                f"{folder}: submit{number}-{name} has {len(data)} bytes, but its meta.txt says {sizes.get(said, 0)}. "
                "Capture it again."
            )
    if submission.sram_bytes > _LARGEST_PART_BYTES:
        raise InputError(f"{folder}: submit{number}-meta.txt asks for {submission.sram_bytes} bytes of SRAM.")
    return submission


def _read_part(folder: Path, name: str) -> bytes:
    plain = folder / f"{name}.bin"
    if plain.exists():
        return read_bounded(plain, _LARGEST_PART_BYTES)
    packed = folder / f"{name}.bin.xz"
    decoder = lzma.LZMADecompressor(memlimit=256 << 20)
    try:
        data = decoder.decompress(read_bounded(packed, _LARGEST_PART_BYTES), max_length=_LARGEST_PART_BYTES)
    except lzma.LZMAError as error:
        raise InputError(f"{packed}: cannot be unpacked: {error}.") from None
    if not decoder.eof:
        raise InputError(f"{packed}: the file is truncated, or unpacks to more than 1 GiB.")
    return data


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
    folder: Path, model: Model, index: int, submission: Submission, operators: tuple[int, ...]
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
