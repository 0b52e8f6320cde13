"""What a pass asks of the placement in its context: which operators the NPU does not run, or not rightly."""

from __future__ import annotations

from npufit.rewrite.rewrite_pass import Context
from npufit.stacks.placement import Hazard, OperatorPlacement, Unit


def placements(context: Context, subgraph: int = 0) -> dict[int, OperatorPlacement]:
    """Return where each operator of `subgraph` runs, by its index; nothing where there is no placement."""
    if context.placement is None:
        return {}
    return {placed.id.index: placed for placed in context.placement.operators if placed.id.subgraph == subgraph}


def hazards(context: Context, *rules: str, subgraph: int = 0) -> tuple[Hazard, ...]:
    """Return the hazards of `subgraph` that have one of the ids `rules`."""
    if context.placement is None:
        return ()
    return tuple(
        hazard for hazard in context.placement.hazards if hazard.rule.id in rules and hazard.subgraph == subgraph
    )


def off_npu(context: Context, subgraph: int = 0) -> frozenset[int]:
    """Return the operators of `subgraph` that the target leaves to the CPU, or of which it is not known."""
    return frozenset(index for index, placed in placements(context, subgraph).items() if placed.unit is not Unit.NPU)


def refused_by(context: Context, rule: str, subgraph: int = 0) -> frozenset[int]:
    """Return the operators of `subgraph` that the rule with the id `rule` keeps off the NPU."""
    return frozenset(
        index
        for index, placed in placements(context, subgraph).items()
        if placed.finding is not None and placed.finding.rule.id == rule
    )


def runs_on(context: Context, stack: str) -> bool:
    """Return whether the target is one of `stack`."""
    return context.target is not None and context.target.stack == stack
