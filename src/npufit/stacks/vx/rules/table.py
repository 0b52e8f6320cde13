"""All rules of the delegate, and the decision about one operator."""

from __future__ import annotations

from npufit.graph import CUSTOM
from npufit.stacks.rule import Finding, Rule
from npufit.stacks.vx.check import Check, finding_of
from npufit.stacks.vx.mapping import UNMAPPED, find_unmapped
from npufit.stacks.vx.releases import Bsp
from npufit.stacks.vx.rules import conversions, operands, products, recurrent, shapes, tensors, values
from npufit.stacks.vx.rules.dynamic import DYNAMIC_GRAPH
from npufit.stacks.vx.rules.tensors import refuse_tensors
from npufit.stacks.vx.vx_operator import VxOperator

CHECKS: tuple[Check, ...] = (
    *operands.CHECKS,
    *shapes.CHECKS,
    *products.CHECKS,
    *conversions.CHECKS,
    *values.CHECKS,
    *recurrent.CHECKS,
)
"""The checks of single types, for each type in the delegate's order."""

_BY_TYPE: dict[str, tuple[Check, ...]] = {}
for _check in CHECKS:
    for _type in _check.types:
        _BY_TYPE[_type] = (*_BY_TYPE.get(_type, ()), _check)

RULES: tuple[Rule, ...] = (
    UNMAPPED,
    DYNAMIC_GRAPH,
    *dict.fromkeys(asked.rule for asked in (*tensors.INPUTS, *tensors.OUTPUTS)),
    *dict.fromkeys(asked.rule for asked in CHECKS),
)
"""Every refusal, each once."""


def decide(site: VxOperator, bsp: Bsp) -> tuple[Finding, str] | None:
    """Return why the delegate refuses an operator and the line of its check; None if it accepts the operator.

    The line is empty if the delegate prints nothing, and for unmapped types: that line names the builtin code.
    """
    unmapped = find_unmapped(site, bsp.generation)
    if unmapped is not None:
        return finding_of(UNMAPPED, unmapped, bsp, executed=True), ""
    refused = refuse_tensors(site, bsp)
    if refused is not None:
        return refused
    if site.type == CUSTOM:
        return None
    for asked in _BY_TYPE.get(site.type, ()):
        if bsp.generation in asked.generations:
            found = asked.test(site)
            if found is not None:
                return finding_of(asked.rule, found, bsp, asked.executed), asked.line
    return None
