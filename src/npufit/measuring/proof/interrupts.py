"""The NPU's interrupts as evidence: on the CPU alone, with a known network, with the model."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.formatting import plural, shorten
from npufit.measurements import Evidence, ProofVerdict
from npufit.measuring.proof.counting import MOST_UNCOUNTED, Count, count, count_run, each_call, line_names, readable
from npufit.measuring.proof.finding import Finding, times
from npufit.measuring.proof.learned_lines import learned_finding
from npufit.measuring.proof.seen import Seen, SeenRun
from npufit.measuring.proof.witnesses import InterruptWitness, witness_of

_MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the chosen lines counted; None where there was no such run, or none that could be read."""

    on_cpu: Count | None
    known: Count | None
    model: Count
    each_run: tuple[Count, ...]
    known_partitions: int | None

    @property
    def stood_still_on_cpu(self) -> bool:
        return self.on_cpu is not None and self.on_cpu.is_still

    @property
    def noise(self) -> float:
        """What the model's runs would have counted if others use the lines as during the runs on the CPU."""
        return _noise(self.on_cpu, self.model)

    @property
    def is_learned(self) -> bool:
        """True if the known network moved the lines at least once for each call, after what others cause."""
        return self.known is not None and self.known.moved - _noise(self.on_cpu, self.known) >= self.known.calls

    @property
    def uncounted(self) -> int | None:
        """How many inferences a process makes beside those that its tool counts, if each call moved the lines alike.

        It is 0 unless the known network shows the same surplus; None if there is no such number.
        """
        for uncounted in range(MOST_UNCOUNTED + 1):
            if each_call(self.each_run, uncounted) is not None and (not uncounted or self._is_known(uncounted)):
                return uncounted
        return None

    def _is_known(self, uncounted: int) -> bool:
        each = None if self.known is None else self.known.each(uncounted)
        return each is not None and each == (self.known_partitions or each)


def interrupt_finding(seen: Seen) -> Finding | None:
    """Return what the interrupts say, None if the stack has no interrupts that would tell.

    If the lines that the driver is known for do not, it is a line that the known network moved. `seen.model` must have
    a run that was timed.
    """
    runs = readable(seen.model)
    witness_and_lines = witness_of(seen.stack, seen.driver, line_names(runs))
    if witness_and_lines is None:
        return learned_finding(seen)
    witness, lines = witness_and_lines
    if witness.may_poll and seen.polls:
        return _without_counts(witness, frozenset(), "the driver waits without interrupts (use_irq is N)")
    if not lines:
        unnamed = _without_counts(witness, lines, "no line of /proc/interrupts belongs to the NPU's driver")
        return learned_finding(seen) or unnamed
    found, is_settled = _named_finding(witness, lines, seen)
    return found if is_settled else learned_finding(seen) or found


def _named_finding(witness: InterruptWitness, lines: frozenset[str], seen: Seen) -> tuple[Finding, bool]:
    """Return what the driver's own lines say, and whether they are known to be the right ones."""
    runs = readable(seen.model)
    chosen = _chosen_lines(witness, lines, seen)
    counts = _Counts(
        _count_if_any(seen.on_cpu, chosen),
        _count_if_any(seen.known, chosen),
        count(runs, chosen),
        tuple(count_run(run, chosen) for run in runs),
        seen.known_partitions,
    )
    verdict, sentence = _weigh(witness, counts, seen.partitions)
    evidence = Evidence(
        source=_source(chosen),
        says=verdict,
        sentence=sentence,
        on_cpu=counts.on_cpu.moved if counts.on_cpu else None,
        known=counts.known.moved if counts.known else None,
        model=counts.model.moved,
        known_calls=counts.known.calls if counts.known else None,
        calls=counts.model.calls,
        assumes=witness.assumes,
    )
    shows_npu = counts.stood_still_on_cpu and all(one.is_each for one in counts.each_run)
    return Finding(evidence, shows_npu), witness.is_certain or counts.is_learned


def _weigh(witness: InterruptWitness, counts: _Counts, partitions: int | None) -> tuple[ProofVerdict, str]:
    if all(one.is_few for one in counts.each_run):
        return _weigh_standstill(witness, counts)
    model = counts.model
    if model.moved - counts.noise < model.calls or not all(one.is_each for one in counts.each_run):
        return ProofVerdict.UNKNOWN, _partly(witness, counts)
    moved = _movement(witness, counts, partitions)
    if counts.on_cpu is None:
        return ProofVerdict.CONSISTENT, f"{moved}; without a run on the CPU alone, something else may have caused it"
    if model.is_least or counts.on_cpu.is_least:
        return ProofVerdict.CONSISTENT, f"{moved}; the counter began anew in between"
    if counts.on_cpu.moved:
        alone = f"{times(counts.on_cpu.moved)} while the model ran on the CPU alone"
        return ProofVerdict.CONSISTENT, f"{moved}, but also {alone}: something else used it"
    if witness.once_a_job and counts.uncounted is None:
        return ProofVerdict.CONSISTENT, f"{moved}: not the same whole number for each"
    if not witness.is_certain and not counts.is_learned:
        return ProofVerdict.CONSISTENT, f"{moved}; no known network showed what moves this counter"
    return ProofVerdict.PROVEN, moved


def _weigh_standstill(witness: InterruptWitness, counts: _Counts) -> tuple[ProofVerdict, str]:
    calls = plural(counts.model.calls, "call")
    moved = counts.model.moved
    stood = (
        f"{witness.name} interrupted only {times(moved)} in {calls}"
        if moved
        else f"the counter of {witness.name} stood still during {calls}"
    )
    if counts.known is not None and counts.known.is_few:
        if witness.is_certain or witness.answers_each_call:
            return ProofVerdict.CONTRADICTED, f"{stood}, and also with a network that the NPU should take"
        return ProofVerdict.UNKNOWN, f"{stood}, but also with the known network: it may not count the NPU's work"
    if counts.is_learned or witness.is_certain:
        return ProofVerdict.CONTRADICTED, stood
    if counts.known is not None:
        return ProofVerdict.UNKNOWN, f"{stood}, but moved less than once a call with the known network too"
    return ProofVerdict.UNKNOWN, f"{stood}, but no known network showed that it counts the NPU's work"


def _movement(witness: InterruptWitness, counts: _Counts, partitions: int | None) -> str:
    """Say how often the NPU interrupted, for each call where that is a whole number."""
    model, uncounted = counts.model, counts.uncounted
    each = None if uncounted is None else counts.each_run[0].each(uncounted)
    if uncounted is None or each is None:
        return f"{witness.name} interrupted {_at_least(model)}{model.moved} times in {plural(model.calls, 'call')}"
    all_calls = model.calls + uncounted * len(counts.each_run)
    sentence = f"{witness.name} interrupted {times(each)} for each of {all_calls} calls"
    if uncounted:
        sentence += f", of which the tool does not count {all_calls - model.calls}"
    if not witness.once_a_job or partitions is None or partitions == each == 1:
        return sentence
    expected = f"once for each of {partitions} partitions" if partitions == each else f"npufit expects {partitions}"
    return f"{sentence} ({expected})"


def _partly(witness: InterruptWitness, counts: _Counts) -> str:
    model = counts.model
    interrupted = f"{witness.name} interrupted {_at_least(model)}{model.moved} times in {plural(model.calls, 'call')}"
    if model.is_least:
        return f"{interrupted}: its counter began anew in between"
    if counts.noise:
        return (
            f"{interrupted}, of which others may have caused {counts.noise:.0f}: they also moved the counter while the "
            "model ran on the CPU alone"
        )
    if not model.is_each:
        return f"{interrupted}: it did not run in each"
    some = sum(one.is_each for one in counts.each_run)
    return f"{interrupted}, but only in {some} of {len(counts.each_run)} processes once for each"


def _at_least(model: Count) -> str:
    return "at least " if model.is_least else ""


def _noise(on_cpu: Count | None, during: Count) -> float:
    if on_cpu is None or not on_cpu.moved:
        return 0.0
    return on_cpu.moved * (during.seconds / on_cpu.seconds if on_cpu.seconds else 1.0)


def _chosen_lines(witness: InterruptWitness, lines: frozenset[str], seen: Seen) -> frozenset[str]:
    """Return the lines that count: all of a driver that is certain, else those that the known network moved.

    Of these, lines that stood still on the CPU alone are preferred; without a known network all that did.
    """
    if witness.is_certain:
        return lines
    on_cpu, known = readable(seen.on_cpu), readable(seen.known)
    still = frozenset(line for line in lines if count(on_cpu, (line,)).is_still)
    moved_by_known = frozenset(line for line in lines if count(known, (line,)).moved)
    return (still & moved_by_known) or moved_by_known or still or lines


def _count_if_any(runs: tuple[SeenRun, ...], lines: frozenset[str]) -> Count | None:
    read = readable(runs)
    return count(read, lines) if read else None


def _without_counts(witness: InterruptWitness, lines: frozenset[str], sentence: str) -> Finding:
    return Finding(Evidence(_source(lines), ProofVerdict.UNKNOWN, sentence, assumes=witness.assumes))


def _source(lines: frozenset[str]) -> str:
    if not lines:
        return "/proc/interrupts"
    names = [shorten(line, 60) for line in sorted(lines)]
    more = [f"{len(names) - _MOST_LINES} more"] if len(names) > _MOST_LINES else []
    return f"/proc/interrupts: {'; '.join([*names[:_MOST_LINES], *more])}"
