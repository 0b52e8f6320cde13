"""Verdicts in words: a hazard for each call that Linux refuses or may refuse, and the sentence that stops a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from npufit.ethosu import CompiledCall, KernelFinding, KernelVerdict, KernelVersion
from npufit.formatting import plural
from npufit.graph import Model, wire
from npufit.stacks.direct.rules import rule_of
from npufit.stacks.direct.verdicts import KernelRange, judge_known_releases, names
from npufit.stacks.hazard import make_hazard
from npufit.stacks.placement import Hazard, Partition, Placement
from npufit.stacks.rule import Remedy, RemedyKind
from npufit.stacks.stack import Acceptance
from npufit.stacks.target import Target
from npufit.stacks.vela.debug_database import Write


@dataclass(frozen=True)
class Judged:
    """The calls of a compiled file with the verdict of the target's Linux on each of them.

    `writes` says which command of which stream writes which tensor of `model`; empty if that is unknown.
    """

    model: Model
    target: Target
    kernel: KernelVersion
    calls: tuple[CompiledCall, ...]
    verdicts: tuple[KernelVerdict, ...]
    writes: tuple[Write, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """True if every stream is certainly taken."""
        return all(verdict.accepted for verdict in self.verdicts)

    @property
    def is_judged_as_another(self) -> bool:
        """True if the target's release is unknown, so that the one before it is judged instead."""
        return str(self.kernel) != self.target.version

    @cached_property
    def ranges(self) -> tuple[KernelRange, ...]:
        """What every known release says about all calls."""
        return judge_known_releases(self.calls, self.target.chip)


def find_refusals(judged: Judged, placed: Placement) -> Iterator[Hazard]:
    """Yield a hazard for each call that the target's Linux refuses or may refuse."""
    for partition, verdict in zip(placed.partitions, judged.verdicts, strict=True):
        if not verdict.accepted:
            yield _hazard(judged, partition, verdict)


def acceptance_of(verdicts: Sequence[KernelVerdict], note: str = "") -> Acceptance:
    """Return the verdicts on the calls of a file in words; `note` says what is unknown about the release."""
    refused = [number for number, verdict in enumerate(verdicts) if verdict.accepted is False]
    if refused:
        first = verdicts[refused[0]]
        more = f"; {len(refused)} of {len(verdicts)} streams are refused" if len(refused) > 1 else ""
        return Acceptance(refusal=f"{_what_happens(first)} of partition {refused[0]}: {_where(first)}{more}")
    opened = next((number for number, verdict in enumerate(verdicts) if verdict.accepted is None), None)
    unknown = (note,) if note else ()
    if opened is not None:
        verdict = verdicts[opened]
        return Acceptance(notes=(*unknown, f"{_what_happens(verdict)} of partition {opened}: {_where(verdict)}"))
    return Acceptance(notes=(*unknown, f"Linux {verdicts[0].kernel} accepts every stream") if verdicts else unknown)


def _hazard(judged: Judged, partition: Partition, verdict: KernelVerdict) -> Hazard:
    finding = verdict.findings[0]
    rule = rule_of(finding.check)
    operators = _operators(judged, partition, finding)
    hazard = make_hazard(
        rule,
        partition.subgraph,
        operators,
        f"{_what_happens(verdict)} of partition {partition.index}: {_where(verdict)}",
        finding.detail,
        certain=verdict.accepted is False and not judged.is_judged_as_another,
    )
    ways_out = [remedy for remedy in rule.remedies if remedy.kind is not RemedyKind.VERSION]
    return replace(hazard, remedies=(*_release_remedy(judged), *ways_out))


def _what_happens(verdict: KernelVerdict) -> str:
    """Return what the release does to a stream, such as `Linux 7.2.6 refuses the stream`."""
    if verdict.accepted is False:
        return f"Linux {verdict.kernel} refuses the stream"
    why = "that depends on the point release" if verdict.kernel.point < 0 else "what it took of the fixes is unknown"
    return f"Linux {verdict.kernel} may refuse the stream ({why})"


def _where(verdict: KernelVerdict) -> str:
    """Return the first check that fails, and where."""
    finding = verdict.findings[0]
    where = "" if finding.operation is None else f" in its operation {finding.operation} ({finding.name})"
    more = f", and {finding.count - 1} more like it" if finding.count > 1 else ""
    return f"{finding.errno}{where}, because {finding.check.statement} ({finding.detail}{more})"


def _operators(judged: Judged, partition: Partition, finding: KernelFinding) -> tuple[int, ...]:
    """Return the operators of `partition`, first the one whose command fails if that is known."""
    graph = wire(judged.model.subgraphs[partition.subgraph])
    written = next(
        (
            write.tensor
            for write in judged.writes
            if (write.stream, write.offset, write.subgraph) == (partition.index, finding.offset, partition.subgraph)
        ),
        None,
    )
    at_fault = None if written is None else graph.producer[written]
    own = partition.operators or tuple(
        producer for tensor in partition.outputs if (producer := graph.producer[tensor]) is not None
    )
    return tuple(dict.fromkeys((*([] if at_fault is None else [at_fault]), *own))) or (0,)


def _release_remedy(judged: Judged) -> tuple[Remedy, ...]:
    """Return the first later release that takes all calls, with what is unknown before it; nothing if there is none."""
    later = [entry for entry in judged.ranges if entry.start > judged.kernel]
    taking = next((entry for entry in later if entry.accepted), None)
    before = [entry for entry in judged.ranges if entry.accepted and entry.start < judged.kernel]
    older = f"; older ones: {names(before)}" if before else ""
    if taking is None:
        text = f"no later release that npufit knows takes it{older}"
        return (Remedy(RemedyKind.VERSION, text),) if before else ()
    between = [entry for entry in later[: later.index(taking)] if entry.accepted is None]
    unknown = f" (unknown: {names(between)})" if between else ""
    target = replace(judged.target, version=str(taking.start))
    streams = "the stream" if len(judged.calls) == 1 else f"all {plural(len(judged.calls), 'stream')}"
    text = f"Linux {taking.start} is the first later release that takes {streams}{unknown}{older}"
    return (Remedy(RemedyKind.VERSION, text, str(target)),)
