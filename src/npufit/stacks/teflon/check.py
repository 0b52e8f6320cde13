"""A check: a rule with the operators and releases that it covers, and the test that applies it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.stacks.rule import Evidence, Finding, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.teflon.node import Node
from npufit.stacks.teflon.release import Release

Test = Callable[[Node, Release], str | None]
"""Returns the value found if the operator is refused, None if it passes."""

SHAPE_UNKNOWN = Rule(
    id="teflon.shape-unknown",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="Whether the driver takes this operator depends on a shape that the file does not give.",
    limit="shapes of all inputs and outputs in the file",
    why="The driver compares shapes. TensorFlow Lite computes them when it prepares the model; the file omits them, "
    "and npufit cannot infer them here.",
    example="FULLY_CONNECTED after a custom operator whose output has no shape in the file.",
    remedies=(
        Remedy(
            RemedyKind.EXPERIMENT,
            "run the model on the board with TEFLON_DEBUG=verbose and give npufit the output with --log",
        ),
    ),
    versions="all (25.3 to main)",
    evidence=Evidence.INFERRED,
    source="the rules that compare shapes",
)


@dataclass(frozen=True, slots=True)
class Check:
    """When a rule of the frontend or of a driver refuses an operator."""

    rule: Rule
    types: frozenset[str] | None
    releases: frozenset[Release]
    test: Test
    read_in: frozenset[Release]
    """The releases whose source was read; for the others the rule is inferred."""
    compares_shapes: bool = False

    def concerns(self, node: Node, release: Release) -> bool:
        """Return whether the check covers operators of this type in `release`."""
        return release in self.releases and (self.types is None or node.type in self.types)

    def apply(self, node: Node, release: Release) -> Finding | None:
        """Return the finding if the operator is refused in `release`, or if that is unknown."""
        if not self.concerns(node, release):
            return None
        if self.compares_shapes:
            lacking = next((tensor for tensor in (*node.inputs, *node.outputs) if tensor.shape is None), None)
            if lacking is not None:
                return SHAPE_UNKNOWN.finding(f"'{node.name_of(lacking)}' has no shape")
        found = self.test(node, release)
        if found is None:
            return None
        return self.rule.finding(found, None if release in self.read_in else Evidence.INFERRED)
