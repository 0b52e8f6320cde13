"""What a probe found out about one converter."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.probing.searching import GroupFindings, OperatorFindings
from npufit.stacks.probed import ProbedRules


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What was found out about one converter: `rules` is what a rule file keeps of it.

    `questions` is the number of different models that were asked about, `kept` how many of the answers were read from
    the cache. `ended_by` is empty, or what ended the probe early: the budget, or the user.
    """

    rules: ProbedRules
    operators: tuple[OperatorFindings, ...]
    groups: GroupFindings | None
    questions: int
    kept: int
    ended_by: str = ""
