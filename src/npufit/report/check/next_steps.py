"""What to type after a check: the most helpful commands, with the model and target in the user's spelling."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from npufit.checking import CheckResult
from npufit.report.check.other_stacks import steps_to_other_stacks
from npufit.rewrite import cures_of
from npufit.stacks import Finding, Hazard, RemedyKind, Status, compiling_stack

APPROXIMATE = "--allow-approximate"
"""The option that allows npufit fit passes that change the answer."""


def next_steps(result: CheckResult, source: str) -> list[tuple[str, str]]:
    """Return commands, each with its benefit; the last one, which prints the full report, has none."""
    model, target = shlex.quote(source), shlex.quote(result.spelling)
    findings: list[Finding | Hazard] = [*result.placement.hazards]
    findings += [placed.finding for placed in result.placement.operators if placed.finding is not None]
    steps: list[tuple[str, str]] = []
    exact, approximate = (_passes(findings, exact=kind) for kind in (True, False))
    if exact:
        others = f" (with {APPROXIMATE} also {approximate})" if approximate else ""
        steps.append((f"npufit fit {model} -t {target}", f"tries {exact}{others}; proves that the answer is the same"))
    elif approximate:
        steps.append((f"npufit fit {model} -t {target} {APPROXIMATE}", f"tries {approximate}; measures the change"))
    if release := _release(findings):
        steps.append((f"npufit check {model} -t {release[0]}", release[1]))
    is_executed = compiling_stack(result.target) is not None and not result.placement.refusal
    if is_executed and result.summary.npu and result.placement.status is Status.COMPLETE:
        steps.append((f"npufit run {model} -t {target} --compare", "executes the compiled model and compares"))
    steps += steps_to_other_stacks(result, model)
    steps.append((f"npufit check {model} -t {target} -v", ""))
    return steps


def _passes(findings: Sequence[Finding | Hazard], *, exact: bool) -> str:
    """Return the names of the exact passes that cure `findings`, or of the approximate ones."""
    cures = dict.fromkeys(cure for found in findings for cure in cures_of(found.rule.id))
    return ", ".join(cure.pass_name for cure in cures if cure.is_exact is exact)


def _release(findings: Sequence[Finding | Hazard]) -> tuple[str, str] | None:
    """Return the target without most of the findings, and how many those are."""
    targets = Counter(
        remedy.target
        for found in findings
        for remedy in found.remedies
        if remedy.kind is RemedyKind.VERSION and remedy.target is not None
    )
    if not targets:
        return None
    target, count = targets.most_common(1)[0]
    of_all = "any of these findings" if count == len(findings) else f"{count} of these {len(findings)} findings"
    return target, f"a release without {of_all}"
