"""Disassembled streams and the kernel's verdict on them, for people."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from npufit.disassembling import CommandStream, DisassembleResult
from npufit.errors import InputError
from npufit.ethosu import (
    CHECKS,
    HISTORY,
    RELEASES,
    Check,
    Instruction,
    KernelVerdict,
    disassemble,
    used_regions,
)
from npufit.formatting import plural
from npufit.report.disassemble.operation_counts import count_operations, refuse_absurd


def disassembly_text(file: Path, result: DisassembleResult) -> Generator[str]:
    """Yield the report piece by piece, because it is long. Raises InputError for a damaged stream."""
    for number, stream in enumerate(result.streams):
        if number:
            yield ""
        try:
            instructions = stream.instructions()
            yield header(stream, instructions)
            if stream.verdict is not None:
                yield verdict_text(stream.verdict)
            yield ""
            yield listing(instructions).removesuffix("\n")
        except InputError as error:
            raise damaged_stream(file, stream, error) from None


def verdicts_text(result: DisassembleResult) -> str:
    """Return the kernel's verdict on each stream."""
    verdicts = ((stream, stream.verdict) for stream in result.streams)
    return "\n".join(f"{stream.name}: {verdict_text(verdict)}" for stream, verdict in verdicts if verdict is not None)


def damaged_stream(file: Path, stream: CommandStream, error: InputError) -> InputError:
    """Return the error with its place. If a stream cannot be decoded, the kernel's verdict is still an answer."""
    said = "" if stream.verdict is None else f"\n{verdict_text(stream.verdict)}"
    return InputError(f"{file}, {stream.name}: {error}{said}")


def header(stream: CommandStream, instructions: Sequence[Instruction]) -> str:
    """Return one line: what the stream is, its operations by kind, words and regions."""
    kinds = count_operations(instructions)
    regions = sorted(used_regions(stream.stream))
    accelerator = f" for {stream.accelerator}" if stream.accelerator else ""
    listed = ", ".join(f"{count} {name}" for name, count in kinds.items())
    used = f"regions {', '.join(map(str, regions))}" if regions else "no region"
    return (
        f"{stream.name}{accelerator}: {plural(sum(kinds.values()), 'operation')}{f' ({listed})' if listed else ''}, "
        f"{plural(len(stream.stream) // 4, 'word')}, {used}"
    )


def listing(instructions: Sequence[Instruction]) -> str:
    """Return the operations as text. Raises InputError for absurdly many."""
    refuse_absurd(instructions)
    return disassemble(instructions)


def verdict_text(verdict: KernelVerdict) -> str:
    """Return the verdict with a line for each finding, and its basis."""
    lines = [str(verdict)]
    lines += [f"  {finding}" for finding in verdict.findings]
    if verdict.kernel.note:
        lines.append(f"  {verdict.kernel.note}")
    return "\n".join(lines)


def checks_table() -> str:
    """Return the driver's checks as a Markdown table."""
    rows = [f"| {check.errno} | {check.statement} | {_needs(check)} | {check.source} |" for check in CHECKS]
    return "\n".join(("| errno | what is refused or required | drivers | source |", "|---|---|---|---|", *rows))


def history_table() -> str:
    """Return the table of changes by release, as Markdown."""
    rows = [
        f"| {history.change.value} | {history.commits} | "
        + " | ".join(span.describe(series) for series, span in zip(RELEASES, history.spans, strict=True))
        + " |"
        for history in HISTORY
    ]
    header = f"| change | source | {' | '.join(map(str, RELEASES))} |"
    return "\n".join((header, "|---|---|" + "---|" * len(RELEASES), *rows))


def _needs(check: Check) -> str:
    words = [f"{'with' if wanted else 'without'}: {change.value}" for change, wanted in check.having]
    return ", ".join(words) or "all"
