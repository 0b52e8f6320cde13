"""The document of command streams: what `npufit disassemble --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from npufit.disassembling import CommandStream, DisassembleResult
from npufit.errors import InputError
from npufit.ethosu import (
    Instruction,
    KernelFinding,
    KernelVerdict,
    KernelVersion,
    read_operations,
    summarize,
    used_regions,
)
from npufit.report.disassemble.operation_counts import count_operations, refuse_absurd
from npufit.report.disassemble.text import damaged_stream
from npufit.report.document import Count, Document


@dataclass(frozen=True, slots=True)
class OperationEntry(Document):
    """One operation, with the registers that it uses."""

    index: Count
    offset: Count
    name: str
    summary: str
    registers: dict[str, int]
    unset: tuple[str, ...]
    """registers that it uses and that were never set"""


@dataclass(frozen=True, slots=True)
class FindingEntry(Document):
    """One check of the driver that the stream fails."""

    check: str
    errno: str
    statement: str
    operation: Count | None
    name: str | None
    offset: Count | None
    detail: str
    count: Count
    certain: bool
    inferred: bool
    """true if it is not known of every point release that is meant whether it has the check"""
    source: str


@dataclass(frozen=True, slots=True)
class KernelEntry(Document):
    """Whether the ethosu driver of a Linux release accepts the stream."""

    version: str
    note: str | None
    accepted: bool | None
    """null if unknown"""
    errno: str | None
    findings: tuple[FindingEntry, ...]


@dataclass(frozen=True, slots=True)
class StreamEntry(Document):
    """One command stream."""

    name: str
    accelerator: str | None
    words: Count
    regions: tuple[Count, ...]
    kinds: dict[str, Count]
    operations: tuple[OperationEntry, ...]
    kernel: KernelEntry | None = None
    """absent without --kernel"""


@dataclass(frozen=True, slots=True)
class DisassembleDocument(Document):
    """The command streams in a file."""

    file: str
    streams: tuple[StreamEntry, ...]


def disassemble_document(file: Path, result: DisassembleResult) -> DisassembleDocument:
    """Return the document of the streams in `file`. Raises InputError if one is damaged or absurdly long."""
    return DisassembleDocument(str(file), tuple(_stream(file, stream) for stream in result.streams))


def _stream(file: Path, stream: CommandStream) -> StreamEntry:
    try:
        return _entry(stream, stream.instructions())
    except InputError as error:
        raise damaged_stream(file, stream, error) from None


def _entry(stream: CommandStream, instructions: Sequence[Instruction]) -> StreamEntry:
    refuse_absurd(instructions)
    return StreamEntry(
        name=stream.name,
        accelerator=stream.accelerator or None,
        words=len(stream.stream) // 4,
        regions=tuple(sorted(used_regions(stream.stream))),
        kinds=count_operations(instructions),
        operations=tuple(
            OperationEntry(
                index=operation.index,
                offset=operation.offset,
                name=operation.name,
                summary=summarize(operation),
                registers=dict(operation.used),
                unset=tuple(operation.unset),
            )
            for operation in read_operations(tuple(instructions))
        ),
        kernel=None if stream.verdict is None else _kernel(stream.verdict),
    )


def _kernel(verdict: KernelVerdict) -> KernelEntry:
    return KernelEntry(
        version=str(verdict.kernel),
        note=verdict.kernel.note or None,
        accepted=verdict.accepted,
        errno=verdict.errno,
        findings=tuple(_finding(finding, verdict.kernel) for finding in verdict.findings),
    )


def _finding(finding: KernelFinding, kernel: KernelVersion) -> FindingEntry:
    return FindingEntry(
        check=finding.check.id,
        errno=finding.errno,
        statement=finding.check.statement,
        operation=finding.operation,
        name=finding.name or None,
        offset=finding.offset,
        detail=finding.detail,
        count=finding.count,
        certain=finding.is_certain,
        inferred=bool(finding.check.having) and not kernel.is_known,
        source=finding.check.source,
    )
