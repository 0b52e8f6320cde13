"""Captures of Mesa's `ethosu` driver as partitions of a model: their operators and their feature maps.

The submissions are those that `npufit.ethosu` reads. The folder also has `teflon.log` from `TEFLON_DEBUG=verbose`: the
operations of each partition, in the order of the submissions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError
from npufit.ethosu import COEFFICIENTS_REGION, IO_REGION, CapturedSubmission, read_submissions
from npufit.execution.slots import PartitionLayout, lay_out
from npufit.files import read_bounded
from npufit.graph import Model, wire

LOG_NAME = "teflon.log"
"""The file of a capture with what TEFLON_DEBUG=verbose printed."""

_LARGEST_SRAM_BYTES = 1 << 30
_LARGEST_LOG_BYTES = 64 << 20
_COMPILING = re.compile(r"^teflon: compiling graph: ")
_OPERATIONS = re.compile(r"^idx type\s+inputs\s+outputs\b")
_TENSORS = r"\d{1,9}(?:,\d{1,9})*"
_OPERATION = re.compile(rf"^\s*\d{{1,6}} (?:[A-Z][A-Z_0-9]{{0,40}}\s+)?\s*(?:{_TENSORS}\s+)?({_TENSORS})\s*$", re.ASCII)
"""Types that Teflon's table lacks have no name, operations without inputs none of these."""


@dataclass(frozen=True, slots=True)
class SubmittedData:
    """What the driver submitted to the kernel for one partition; `io` contains the partition's inputs at that time."""

    stream: bytes
    coefficients: bytes
    io: bytes
    sram_bytes: int


@dataclass(frozen=True, slots=True)
class CapturedPartition:
    """A submission, the operators of the model that it executes, and its feature maps."""

    submission: SubmittedData
    layout: PartitionLayout


def read_capture(folder: Path, model: Model) -> tuple[CapturedPartition, ...]:
    """Return the partitions in the captured `folder` of `model`, in the order of the submissions.

    Raises InputError if files are missing, damaged or of another model.
    """
    submissions = [_read_data(submission) for submission in read_submissions(folder)]
    log = read_bounded(folder / LOG_NAME, _LARGEST_LOG_BYTES).decode("utf-8", "replace")
    try:
        tables = read_partitions(log, model)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from None
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


def read_partitions(log: str, model: Model) -> tuple[tuple[int, ...], ...]:
    """Return the operators of each partition, in the order in which they were compiled and are submitted.

    `log` is what TEFLON_DEBUG=verbose printed; operators are found in the model by their outputs. Raises InputError if
    it is of another model.
    """
    producer = wire(model.main).producer
    partitions: list[tuple[int, ...]] = []
    operators: list[int] | None = None
    for line in (*log.splitlines(), ""):
        if _COMPILING.match(line):
            operators = None
        elif _OPERATIONS.match(line):
            operators = []
        elif operators is not None and (row := _OPERATION.match(line)):
            output = int(row[1].split(",")[0])
            writer = producer[output] if output < len(producer) else None
            if writer is None:
                raise InputError(f"{LOG_NAME} is of another model: no operator of {model.name} writes tensor {output}.")
            operators.append(writer)
        elif operators and not line.strip():
            partitions.append(tuple(operators))
            operators = None
    return tuple(partitions)


def _partition(
    folder: Path, model: Model, index: int, submission: SubmittedData, operators: tuple[int, ...]
) -> CapturedPartition:
    layout = lay_out(model, operators)
    if layout.io_bytes != len(submission.io):
        raise InputError(
            f"{folder}: the feature maps of partition {index} take {layout.io_bytes} bytes, but its IO buffer has "
            f"{len(submission.io)}. The capture is of another model, or of a driver that places them differently."
        )
    return CapturedPartition(submission, layout)
