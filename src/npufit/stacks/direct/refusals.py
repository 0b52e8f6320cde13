"""Verdicts in words: a hazard for each call that Linux refuses or may refuse, and the sentence that stops a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from npufit.ethosu import CompiledCall, KernelFinding, KernelVerdict, KernelVersion
from npufit.formatting import plural
from npufit.graph import Model, wire
from npufit.stacks.direct.rules import reason_of, rule_of
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
    unknown = (note,) if note else ()
    refused = [number for number, verdict in enumerate(verdicts) if verdict.accepted is False]
    if refused:
        more = f"; {len(refused)} of {len(verdicts)} streams are refused" if len(refused) > 1 else ""
        return Acceptance(refusal=f"{_sentence(refused[0], verdicts[refused[0]], detailed=True)}{more}")
    opened = next((number for number, verdict in enumerate(verdicts) if verdict.accepted is None), None)
    if opened is not None:
        return Acceptance(notes=(*unknown, _sentence(opened, verdicts[opened], detailed=True)))
    return Acceptance(notes=(*unknown, f"Linux {verdicts[0].kernel} accepts every stream") if verdicts else unknown)


def refusal_words(judged: Judged) -> str:
    """Return in words that the target's Linux refuses streams or may do so, empty if it takes all."""
    if judged.is_accepted:
        return ""
    refused = sum(verdict.accepted is False for verdict in judged.verdicts)
    count = refused or sum(verdict.accepted is None for verdict in judged.verdicts)
    total = len(judged.verdicts)
    streams = "its stream" if total == 1 else f"{'all' if count == total else count} of its {total} streams"
    does = "refuses" if refused and not judged.is_judged_as_another else "may refuse"
    return f"Linux {judged.target.version} {does} {streams}"


def _hazard(judged: Judged, partition: Partition, verdict: KernelVerdict) -> Hazard:
    finding = verdict.findings[0]
    rule = rule_of(finding.check)
    hazard = make_hazard(
        rule,
        partition.subgraph,
        _operators(judged, partition, finding),
        _sentence(partition.index, verdict),
        _found(finding),
        certain=verdict.accepted is False and not judged.is_judged_as_another,
    )
    ways_out = [remedy for remedy in rule.remedies if remedy.kind is not RemedyKind.VERSION]
    return replace(hazard, remedies=(*_release_remedy(judged), *ways_out))


def _sentence(partition: int, verdict: KernelVerdict, *, detailed: bool = False) -> str:
    """Return what the release does to the stream of a partition, and where; `detailed` adds the check that fails."""
    finding = verdict.findings[0]
    if verdict.accepted is False:
        does = "refuses"
    elif verdict.kernel.point < 0:
        does = "may refuse, depending on the point release,"
    else:
        does = "was not read and may refuse"
    where = "" if finding.operation is None else f" in operation {finding.operation} ({finding.name})"
    why = f": {reason_of(finding.check)} ({_found(finding)})" if detailed else ""
    return f"Linux {verdict.kernel} {does} the stream of partition {partition} with {finding.errno}{where}{why}"


def _found(finding: KernelFinding) -> str:
    return finding.detail + (f", and {finding.count - 1} more like it" if finding.count > 1 else "")


def _operators(judged: Judged, partition: Partition, finding: KernelFinding) -> tuple[int, ...]:
    """Return the operators of `partition`, first the one whose command fails if that is known."""
    graph = wire(judged.model.subgraphs[partition.subgraph])
    at_fault = None
    if finding.offset is not None:
        # What has no tensor of the model, such as the steps of a SOFTMAX, belongs to the next tensor that is written.
        later = [
            write
            for write in judged.writes
            if (write.stream, write.subgraph) == (partition.index, partition.subgraph)
            and write.offset >= finding.offset
        ]
        if later:
            at_fault = graph.producer[min(later, key=lambda write: write.offset).tensor]
    own = partition.operators or tuple(
        producer for tensor in partition.outputs if (producer := graph.producer[tensor]) is not None
    )
    named = [*([] if at_fault is None else [at_fault]), *own]
    return tuple(dict.fromkeys(named)) or (0,)  # a call that nothing of the model is known of


def _release_remedy(judged: Judged) -> tuple[Remedy, ...]:
    """Return the first later release that takes all calls, with what is unknown before it; nothing if there is none."""
    later = [entry for entry in judged.ranges if entry.start > judged.kernel]
    taking = next((entry for entry in later if entry.accepted), None)
    before = [entry for entry in judged.ranges if entry.accepted and entry.start < judged.kernel]
    older = f"; older ones: {names(before)}" if before else ""
    if taking is None:
        text = f"no later release that npufit knows accepts it{older}"
        return (Remedy(RemedyKind.VERSION, text),) if before else ()
    between = [entry for entry in later[: later.index(taking)] if entry.accepted is None]
    unknown = f" (unknown: {names(between)})" if between else ""
    target = replace(judged.target, version=str(taking.start))
    streams = "the stream" if len(judged.calls) == 1 else f"all {plural(len(judged.calls), 'stream')}"
    later_one = "later release" if judged.kernel.point >= 0 else f"release from {judged.kernel} on"
    text = f"Linux {taking.start} is the first {later_one} that accepts {streams}{unknown}{older}"
    return (Remedy(RemedyKind.VERSION, text, str(target)),)
