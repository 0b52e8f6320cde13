"""A check: a rule together with the operators and releases that it concerns, and the test that applies it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.stacks.rule import Evidence, Finding, Rule
from npufit.stacks.teflon.node import Node
from npufit.stacks.teflon.release import Release

Test = Callable[[Node, Release], str | None]
"""Returns the value found where the operator is refused, None where it passes."""


@dataclass(frozen=True, slots=True)
class Check:
    """When a rule of the frontend or of a driver refuses an operator."""

    rule: Rule
    types: frozenset[str] | None
    releases: frozenset[Release]
    test: Test
    read_in: frozenset[Release]
    """The releases whose source was read; for the others the rule is inferred."""

    def apply(self, node: Node, release: Release) -> Finding | None:
        """Return the finding where the operator is refused in `release`."""
        if release not in self.releases or (self.types is not None and node.type not in self.types):
            return None
        found = self.test(node, release)
        if found is None:
            return None
        return Finding(
            rule=self.rule,
            limit=self.rule.limit,
            found=found,
            remedies=self.rule.remedies,
            evidence=self.rule.evidence if release in self.read_in else Evidence.INFERRED,
            source=self.rule.source,
        )
