"""Disassembled streams and the kernel's verdict on them, for people and scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from npufit.disassembling.streams import NamedStream
from npufit.errors import InputError
from npufit.ethosu import Instruction, disassemble
from npufit.ethosu.disassembly import summarize
from npufit.ethosu.kernel import (
    CHECKS,
    HISTORY,
    STEPS,
    Check,
    KernelFinding,
    KernelVerdict,
    used_regions,
)
from npufit.ethosu.operations import read_operations
from npufit.formatting import plural

_MOST_BLOCKS = 80_000
"""Operations with tens of registers each; more of them would take gigabytes as text."""

_BLOCKS = ("CONV", "DEPTHWISE", "POOL", "ELEMENTWISE")


def header(stream: NamedStream, instructions: Sequence[Instruction]) -> str:
    """Return one line: what the stream is, its operations by kind, words and regions."""
    kinds = _kinds(instructions)
    regions = sorted(used_regions(stream.stream))
    accelerator = f" for {stream.accelerator}" if stream.accelerator else ""
    listed = ", ".join(f"{count} {name}" for name, count in kinds.items())
    used = f"regions {', '.join(map(str, regions))}" if regions else "no region"
    return (
        f"{stream.name}{accelerator}: {plural(sum(kinds.values()), 'operation')}{f' ({listed})' if listed else ''}, "
        f"{plural(len(stream.stream) // 4, 'word')}, {used}"
    )


def listing(instructions: Sequence[Instruction]) -> str:
    """Return the operations as text. Raises InputError where there are absurdly many."""
    _refuse_absurd(instructions)
    return disassemble(instructions)


def verdict_text(verdict: KernelVerdict) -> str:
    """Return the verdict with a line for each finding, and what it rests on."""
    lines = [str(verdict)]
    lines += [f"  {finding}" for finding in verdict.findings]
    if not verdict.kernel.was_read and any(finding.check.is_inferred for finding in verdict.findings):
        lines.append("  The releases that have these checks are inferred from development cycles.")
    if verdict.kernel.note:
        lines.append(f"  {verdict.kernel.note}")
    return "\n".join(lines)


def stream_document(
    stream: NamedStream, instructions: tuple[Instruction, ...], verdict: KernelVerdict | None
) -> dict[str, object]:
    """Return a stream as plain data, ready for JSON."""
    _refuse_absurd(instructions)
    document: dict[str, object] = {
        "name": stream.name,
        "accelerator": stream.accelerator or None,
        "words": len(stream.stream) // 4,
        "regions": sorted(used_regions(stream.stream)),
        "kinds": _kinds(instructions),
        "operations": [
            {
                "index": operation.index,
                "offset": operation.offset,
                "name": operation.name,
                "summary": summarize(operation),
                "registers": dict(operation.used),
                "unset": list(operation.unset),
            }
            for operation in read_operations(instructions)
        ],
    }
    if verdict is not None:
        document["kernel"] = verdict_document(verdict)
    return document


def verdict_document(verdict: KernelVerdict) -> dict[str, object]:
    """Return a verdict as plain data; `accepted` is null where it is not known."""
    return {
        "version": str(verdict.kernel),
        "note": verdict.kernel.note or None,
        "accepted": verdict.accepted,
        "errno": verdict.errno,
        "findings": [_finding_document(finding) for finding in verdict.findings],
    }


def checks_table() -> str:
    """Return the driver's checks as a Markdown table."""
    rows = [f"| {check.errno} | {check.statement} | {_needs(check)} | {check.source} |" for check in CHECKS]
    return "\n".join(("| errno | what is refused or required | drivers | source |", "|---|---|---|---|", *rows))


def history_table() -> str:
    """Return which release has which change as a Markdown table."""
    releases = " | ".join(str(step) if step.point else f"{step.major}.{step.minor}" for step in STEPS)
    rows = [
        f"| {history.change.value} | {history.commits} | {history.came} | {' | '.join(history.present)} |"
        for history in HISTORY
    ]
    return "\n".join((f"| change | commits | came | {releases} |", "|---|---|---|" + "---|" * len(STEPS), *rows))


def _needs(check: Check) -> str:
    words = [f"{'with' if wanted else 'without'}: {change.value}" for change, wanted in check.having]
    return ", ".join(words) or "all"


def _finding_document(finding: KernelFinding) -> dict[str, object]:
    return {
        "check": finding.check.id,
        "errno": finding.errno,
        "statement": finding.check.statement,
        "operation": finding.operation,
        "name": finding.name or None,
        "offset": finding.offset,
        "detail": finding.detail,
        "count": finding.count,
        "certain": finding.is_certain,
        "inferred": finding.check.is_inferred,
        "source": finding.check.source,
    }


def _kinds(instructions: Sequence[Instruction]) -> dict[str, int]:
    names = Counter(instruction.name for instruction in instructions if instruction.command.is_operation)
    return dict(names.most_common())


def _refuse_absurd(instructions: Sequence[Instruction]) -> None:
    blocks = sum(instruction.name in _BLOCKS for instruction in instructions)
    if blocks > _MOST_BLOCKS:
        raise InputError(f"The stream has {blocks} operations; npufit prints up to {_MOST_BLOCKS}.")
