"""What was seen of one conversion, and whether an explanation agrees with it."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.formatting import plural, ranges
from npufit.stacks.neutron.hypotheses.bounds import Bounds
from npufit.stacks.neutron.hypotheses.explanation import Explanation
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork
from npufit.stacks.rule import Evidence

_MOST_RANGES = 6


@dataclass(frozen=True, slots=True)
class SeenConversion:
    """One conversion of `network` by `release`: the `bounds` that follow from it, and in words `what` was seen.

    `setting` is what differed from the converter's defaults, empty if nothing did.
    """

    network: SourceNetwork
    bounds: Bounds
    what: str
    release: str
    source: str
    evidence: Evidence
    setting: str = ""

    @property
    def name(self) -> str:
        """The network, and the setting if there is one."""
        return f"{self.network.name}{f' with {self.setting}' if self.setting else ''}"

    @property
    def is_complete(self) -> bool:
        """True if the NPU may have got everything that it takes as such."""
        expected = self.network.expected
        return not expected & self.bounds.lost and self.bounds.most >= len(expected)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How an explanation contradicts what was seen: in words, and by how many operators."""

    seen: SeenConversion
    explanation: Explanation
    text: str
    operators: int


def disagreement(explanation: Explanation, seen: SeenConversion) -> Disagreement | None:
    """Return how `explanation` contradicts `seen`, None if it agrees."""
    network, bounds = seen.network, seen.bounds
    most, least = explanation.most(network), explanation.least(network)
    missing = len(network.expected.union(explanation.separators(network)) - most)
    texts = [
        (
            len(least) - bounds.most,
            f"at least {len(least)} of {len(network)} operators would be converted; at most {bounds.most} were",
        ),
        (
            missing - bounds.most_lost,
            f"at least {missing} of {len(network)} operators would stay on the CPU; at most {bounds.most_lost} did",
        ),
        (
            bounds.least - len(most),
            f"at most {len(most)} of {len(network)} operators would be converted; at least {bounds.least} were",
        ),
        (len(least & bounds.lost), f"{_named(least & bounds.lost)} would be converted; seen on the CPU"),
        (len(bounds.converted - most), f"{_named(bounds.converted - most)} would stay on the CPU; seen on the NPU"),
    ]
    wrong = [(count, text) for count, text in texts if count > 0]
    if not wrong:
        return None
    return Disagreement(seen, explanation, wrong[0][1], sum(count for count, _ in wrong))


def _named(operators: frozenset[int]) -> str:
    noun = plural(len(operators), "operator").partition(" ")[2]
    return f"{noun} {ranges(sorted(operators), _MOST_RANGES)}"
