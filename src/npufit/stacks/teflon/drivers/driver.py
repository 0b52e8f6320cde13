"""A driver as the rules see it: a name and an ordered table of checks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from npufit.stacks.rule import Finding, Rule
from npufit.stacks.teflon.check import Check
from npufit.stacks.teflon.node import Node
from npufit.stacks.teflon.release import Release


@dataclass(frozen=True, slots=True)
class Driver:
    """A Mesa driver: the first check that refuses an operator decides. `checks[0]` is the one for operator types."""

    name: str
    checks: tuple[Check, ...]
    sources: dict[Release, str]
    """The sources of the driver's rules, by release."""

    def implements(self, node: Node, release: Release) -> bool:
        """Return whether the driver has an implementation for operators of this type."""
        return self.checks[0].apply(node, release) is None

    def refuse(self, node: Node, release: Release) -> Finding | None:
        """Return why the driver refuses the operator, None if it accepts it."""
        for check in self.checks:
            finding = check.apply(node, release)
            if finding is not None:
                return replace(finding, source=self.sources.get(release, finding.source))
        return None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of this driver, each once."""
        return tuple(dict.fromkeys(check.rule for check in self.checks))
