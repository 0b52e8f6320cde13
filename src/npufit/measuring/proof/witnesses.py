"""The interrupts that tell whether an NPU ran: for each driver the names of its lines, and what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InterruptWitness:
    """The lines of one driver in /proc/interrupts. `drivers` is empty where the stack has only one.

    `name` says who interrupts, for sentences. `is_certain` is True if the driver's source shows that only the NPU's
    work moves the lines and that all of it does; other lines are believed after a known network moved them.
    `once_a_job` is True if each job interrupts exactly once, so that a whole number for each call is expected.
    `answers_each_call` is True if the source shows that each inference moves a line, though other things may as well.
    `may_poll` is True if there are versions of the driver that wait without interrupts.
    """

    stacks: tuple[str, ...]
    drivers: tuple[str, ...]
    lines: re.Pattern[str]
    name: str
    assumes: str
    is_certain: bool = False
    once_a_job: bool = False
    answers_each_call: bool = False
    may_poll: bool = False

    def is_of(self, stack: str, driver: str) -> bool:
        """True if it is a witness for `stack` on `driver`; an unknown driver may be any of the stack's."""
        return stack in self.stacks and (not self.drivers or not driver or driver in self.drivers)


WITNESSES = (
    InterruptWitness(
        ("direct", "teflon"),
        ("ethosu",),
        re.compile(r"\bethosu\b"),
        "the NPU",
        "Linux's ethosu driver lets each job interrupt once (read in its source), and nobody else used the NPU",
        is_certain=True,
        once_a_job=True,
    ),
    InterruptWitness(
        ("teflon",),
        ("rocket",),
        # A core shares its line with its IOMMU: `fdab0000.npu, fdab9000.iommu`.
        re.compile(r"\b[0-9a-f]+\.npu\b"),
        "the NPU",
        "Linux's rocket driver lets each task interrupt, on the line of its core (read in its source), and nobody else "
        "used the NPU",
        is_certain=True,
    ),
    InterruptWitness(
        ("teflon",),
        ("etnaviv",),
        re.compile(r"\b[0-9a-f]+\.npu\b"),
        "the NPU",
        "Linux's etnaviv driver names the NPU's line after its device (read in its source; GPUs have lines of their "
        "own), and nobody else used the NPU",
        is_certain=True,
    ),
    InterruptWitness(
        ("vela",),
        (),
        re.compile(r"\bimx_mu_chan\b|\bmailbox\b|\.mu\b"),
        "the NPU's mailbox",
        "the line is the mailbox of the Cortex-M33 that drives the NPU and answers each inference (read in source)",
        answers_each_call=True,
    ),
    InterruptWitness(
        ("neutron",),
        (),
        re.compile(r"\bimx-neutron-mailbox\b"),
        "the NPU",
        "the driver waits by interrupt, as it did with the known network",
        may_poll=True,
    ),
    InterruptWitness(
        ("vx",),
        (),
        re.compile(r"\bgalcore\b"),
        "the NPU",
        "the line that moved with the known network is the NPU's: the 3D GPU has one of the same driver",
    ),
)


def witness_of(stack: str, driver: str, lines: frozenset[str]) -> tuple[InterruptWitness, frozenset[str]] | None:
    """Return the witness of a stack and the names of its lines, None if the stack has none.

    An unknown driver is recognised by its lines; the first witness is returned if there are no lines at all.
    """
    of_stack = [witness for witness in WITNESSES if witness.is_of(stack, driver)]
    for witness in of_stack:
        if found := frozenset(line for line in lines if witness.lines.search(line)):
            return witness, found
    return (of_stack[0], frozenset()) if of_stack else None
