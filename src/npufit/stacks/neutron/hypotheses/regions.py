"""Operators at fault that take their surroundings with them: everything before them, and some operators after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from npufit.stacks.neutron.hypotheses.explanation import Explanation
from npufit.stacks.neutron.hypotheses.operator_limits import operator_limits
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork

_WORDS_OF_AN_OFFSET = 1 << 19
"""The operand offset of an ADD that NXP's own delegate allows, in words of unknown size (neutron_delegate_utils.cc)."""

_BYTES_OF_A_WORD = (1, 2, 4, 8, 16)
_MOST_REACHES = 96
_SIZES = (
    ("activation_bytes", "bytes of one tensor"),
    ("io_bytes", "bytes of input and output together"),
)
_LINES = (
    ("w*c", "values in one line of the input"),
    ("ofm_w*ofm_c", "values in one line of the output"),
)


class Fault(Protocol):
    """Finds the operators at fault. A frozen dataclass; `str()` says what is still right."""

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the operators at fault."""
        ...


@dataclass(frozen=True, slots=True)
class OperandDistance:
    """An ADD is at fault if its operands are further than 524,288 words apart in a memory that is never reused."""

    word_bytes: int

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the ADDs whose operands are too far apart."""
        limit = _WORDS_OF_AN_OFFSET * self.word_bytes
        return frozenset(index for index, distance in network.operand_distances.items() if distance > limit)

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"{_WORDS_OF_AN_OFFSET:,} words of {self.word_bytes} bytes between the operands of an ADD"


@dataclass(frozen=True, slots=True)
class LostRegion(Explanation):
    """Everything up to the last operator at fault is lost, and `reach` operators after it."""

    fault: Fault
    reach: int

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the region; empty if no operator is at fault."""
        last = last_fault(self.fault, network)
        return frozenset(range(min(len(network), last + 1 + self.reach)) if last >= 0 else ())

    def __str__(self) -> str:
        """Return the limit and the reach in words."""
        return f"{self.fault}; beyond that everything before is lost, and {self.reach} operators after"


def last_fault(fault: Fault, network: SourceNetwork) -> int:
    """Return the last operator of `network` at fault, -1 if there is none."""
    return max(fault.lost(network) & network.expected, default=-1)


def untiled_regions(seen: Sequence[SourceNetwork]) -> Iterator[LostRegion]:
    """Yield limits on the bytes of an operator, with every reach."""
    yield from _with_reach(list(operator_limits(_SIZES, seen)), seen)


def line_regions(seen: Sequence[SourceNetwork]) -> Iterator[LostRegion]:
    """Yield limits on the line of a feature map; an operator at fault takes all before it with it."""
    for fault in operator_limits(_LINES, seen):
        yield LostRegion(fault, 0)


def distance_regions(seen: Sequence[SourceNetwork]) -> Iterator[LostRegion]:
    """Yield limits on the distance between the operands of an ADD, with every reach."""
    yield from _with_reach([OperandDistance(size) for size in _BYTES_OF_A_WORD], seen)


def _with_reach(faults: Sequence[Fault], seen: Sequence[SourceNetwork]) -> Iterator[LostRegion]:
    """Yield every reach for the first and the last of those faults that mean the same for the networks."""
    longest = max(map(len, seen), default=0)
    alike: dict[tuple[int, ...], list[Fault]] = {}
    for fault in faults:
        alike.setdefault(tuple(last_fault(fault, network) for network in seen), []).append(fault)
    for fault in dict.fromkeys(fault for group in alike.values() for fault in (group[0], group[-1])):
        for reach in range(0, longest, max(1, longest // _MOST_REACHES)):
            yield LostRegion(fault, reach)
