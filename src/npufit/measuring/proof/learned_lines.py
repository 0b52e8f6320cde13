"""Lines of /proc/interrupts that nobody named: what the known network moves, and the CPU alone does not, is the NPU's.

A driver that npufit has not read may call its line anything. That a line counts the same whole number for each of many
calls, in every process, and nothing on the CPU alone, is no accident whatever its name.
"""

from __future__ import annotations

from npufit.formatting import plural
from npufit.measurements import Evidence, ProofVerdict
from npufit.measuring.proof.counting import MOST_UNCOUNTED, count, count_run, each_call, line_names, readable
from npufit.measuring.proof.finding import Finding, times
from npufit.measuring.proof.seen import Seen, SeenRun

_LEAST_CALLS = 10
_ASSUMES = (
    "only the NPU's work moves this line: it stood still on the CPU alone, and counted the same for each call of the "
    "known network"
)


def learned_finding(seen: Seen) -> Finding | None:
    """Return what a line says that the known network moved; None if there is no such line, or it says nothing."""
    on_cpu, known, model = readable(seen.on_cpu), readable(seen.known), readable(seen.model)
    if not (on_cpu and model) or count(known, ()).calls < _LEAST_CALLS:
        return None
    lines = sorted(line_names(known))
    learned = [line for line in lines if count(on_cpu, (line,)).is_still and _for_each(known, line)]
    moved = [line for line in learned if _for_each(model, line)]
    if moved:
        fewest = min(moved, key=lambda line: (_for_each(model, line) or 0, line))
        return _finding(fewest, seen, ProofVerdict.PROVEN)
    still = [line for line in learned if all(count_run(run, (line,)).is_few for run in model)]
    return _finding(still[0], seen, ProofVerdict.CONTRADICTED) if learned and len(still) == len(learned) else None


def _for_each(runs: tuple[SeenRun, ...], line: str) -> int | None:
    """Return how often `line` counted for each call of each process, None if that is not one whole number above 0.

    A tool may make an inference or two that it does not count.
    """
    counts = [count_run(run, (line,)) for run in runs]
    found = (each_call(counts, uncounted) for uncounted in range(MOST_UNCOUNTED + 1))
    return next(filter(None, found), None)


def _finding(line: str, seen: Seen, verdict: ProofVerdict) -> Finding:
    on_cpu, known, model = (count(readable(runs), (line,)) for runs in (seen.on_cpu, seen.known, seen.model))
    each, of_known = _for_each(readable(seen.model), line), _for_each(readable(seen.known), line)
    calls = plural(model.calls, "call")
    learned = f"a line that counts {times(of_known or 0)} for each call of the known network"
    sentence = (
        f"the NPU's line, learned with the known network, counted {times(each or 0)} for each of {calls}"
        if verdict is ProofVerdict.PROVEN
        else f"{learned} stood still during {calls}"
    )
    evidence = Evidence(
        source=f"/proc/interrupts: {line}",
        says=verdict,
        sentence=sentence,
        on_cpu=on_cpu.moved,
        known=known.moved,
        model=model.moved,
        known_calls=known.calls,
        calls=model.calls,
        assumes=_ASSUMES,
    )
    return Finding(evidence, shows_npu=verdict is ProofVerdict.PROVEN)
