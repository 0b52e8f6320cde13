"""Messages that runtimes print once a call: how they look, and what they show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from npufit.formatting import plural
from npufit.measurements import Evidence, ProofVerdict
from npufit.measuring.proof.counting import readable
from npufit.measuring.proof.finding import Finding, times
from npufit.measuring.proof.seen import Seen

_MOST_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Message:
    """A message with a number. `shows` turns what all evidence runs printed into a finding.

    `heading` is printed by the same runtime even if it does nothing, so that its silence can be told from a switch
    that the runtime does not know.
    """

    stack: str
    source: str
    line: re.Pattern[bytes]
    assumes: str
    shows: Callable[[_Printed], Finding | None]
    heading: re.Pattern[bytes] | None = None

    def numbers(self, output: bytes) -> tuple[int, ...]:
        """Return the numbers that `output` has in such messages."""
        return tuple(int(match[1]) for match in self.line.finditer(output))


@dataclass(frozen=True, slots=True)
class _Printed:
    """What all evidence runs together printed in `calls` inferences."""

    message: Message
    calls: int
    numbers: tuple[int, ...]
    has_heading: bool

    def says(
        self, verdict: ProofVerdict, sentence: str, *, shows_npu: bool = False, has_taken: bool = False
    ) -> Finding:
        message = self.message
        count = len(self.numbers)
        evidence = Evidence(message.source, verdict, sentence, model=count, calls=self.calls, assumes=message.assumes)
        return Finding(evidence, shows_npu, has_taken, is_npus_own=shows_npu)


def message_finding(seen: Seen) -> Finding | None:
    """Return what the messages of the evidence runs show, None if there was no such run or nothing follows."""
    runs = readable(seen.evidence)
    message = next((message for message in MESSAGES if message.stack == seen.stack), None)
    if message is None or not runs or any(message.numbers(run.run.output) for run in seen.on_cpu):
        return None
    return message.shows(
        _Printed(
            message,
            calls=sum((run.timing.calls or 0) for run in runs if run.timing),
            numbers=tuple(number for run in runs for number in message.numbers(run.run.output)),
            has_heading=message.heading is not None and all(message.heading.search(run.run.output) for run in runs),
        )
    )


def _cycles(printed: _Printed) -> Finding | None:
    cycles, calls = printed.numbers, printed.calls
    if not cycles:
        if not printed.has_heading:
            return None
        return printed.says(ProofVerdict.UNKNOWN, "the delegate was to print the NPU's cycles, and printed none")
    if not all(cycles):
        sentence = f"the NPU's cycle counter said 0 for {cycles.count(0)} of {plural(len(cycles), 'call')}"
        return printed.says(ProofVerdict.UNKNOWN, sentence)
    if len(cycles) % calls:
        sentence = f"the NPU counted its cycles {len(cycles)} times in {plural(calls, 'call')}: not in each"
        return printed.says(ProofVerdict.CONSISTENT, sentence)
    sentence = f"the NPU counted its own cycles in each of {plural(calls, 'call')} (median {median(cycles):,.0f})"
    return printed.says(ProofVerdict.PROVEN, sentence, shows_npu=True)


def _graphs(printed: _Printed) -> Finding | None:
    count, calls = len(printed.numbers), printed.calls
    if count:
        often = f"{times(count // calls)} in each of {calls} calls" if count % calls == 0 else times(count)
        return printed.says(ProofVerdict.CONSISTENT, f"Teflon invoked a graph {often}", has_taken=True)
    if printed.has_heading:
        return printed.says(ProofVerdict.CONTRADICTED, f"Teflon invoked no graph in {plural(calls, 'call')}")
    return None


def _layers(printed: _Printed) -> Finding | None:
    if len(printed.numbers) < printed.calls:
        return None
    sentence = f"the driver timed {len(printed.numbers)} layers in {plural(printed.calls, 'call')}"
    return printed.says(ProofVerdict.CONSISTENT, sentence)


MESSAGES = (
    Message(
        "vela",
        "NXP's Ethos-U delegate: cycle counter",
        re.compile(rb"Ethos-u cycle counter: (\d{1,%d})\b" % _MOST_DIGITS),
        "the delegate prints what the NPU's firmware counted (read in its source, never seen on a board)",
        _cycles,
        re.compile(rb"Ethosu delegate: enable_cycle_counter set to 1"),
    ),
    Message(
        "teflon",
        "TEFLON_DEBUG=verbose",
        re.compile(rb"teflon: invoked graph, took (\d{1,%d}) ms" % _MOST_DIGITS),
        "what Teflon hands to the kernel is executed: it does not look whether the kernel took it",
        _graphs,
        re.compile(rb"Teflon delegate: loaded \w+ driver"),
    ),
    Message(
        "vx",
        "VIV_VX_DEBUG_LEVEL=1 CNN_PERF=1",
        re.compile(rb"execution time: +(\d{1,%d}) us" % _MOST_DIGITS),
        "the layers ran on the NPU: the same lines appear with USE_GPU_INFERENCE=1, on the 3D GPU",
        _layers,
    ),
)
