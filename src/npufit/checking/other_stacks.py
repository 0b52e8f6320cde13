"""Other stacks of a chip that use the same kernel driver: who runs one can try the other with the same kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from npufit.checking.compiled_before import remember_compiled, was_compiled
from npufit.errors import NpufitError
from npufit.graph import Model
from npufit.stacks import (
    Effect,
    PlaceOptions,
    Status,
    Target,
    compiling_stack,
    has_compiler,
    resolve_target,
    stacks_on_the_same_driver,
)

if TYPE_CHECKING:
    from npufit.checking.result import CheckResult


@dataclass(frozen=True, slots=True)
class OtherStack:
    """Another stack that uses the same kernel driver, and its answer for the same model.

    `answer` is None if it would take a compilation; `target` then has no version.
    """

    target: Target
    answer: CheckResult | None

    def is_faster_than(self, result: CheckResult) -> bool:
        """Return whether it is predicted faster than `result` by more than its band: even at the end of its range."""
        ours, theirs = result.estimate, self.answer.estimate if self.answer is not None else None
        if ours is None or theirs is None or ours.total_ms is None or theirs.high_ms is None:
            return False
        return theirs.total_ms is not None and theirs.high_ms < ours.total_ms

    def is_safer_than(self, result: CheckResult) -> bool:
        """Return whether it uses the NPU without a known hazard, and `result` may crash or be wrong.

        That `result` fails with an error does not count: it may be the kernel that refuses, for both stacks.
        """
        answer = self.answer
        if answer is None or answer.placement.status is not Status.COMPLETE:
            return False
        is_unsafe = any(hazard.effect is not Effect.FAILS for hazard in result.placement.hazards)
        return is_unsafe and answer.summary.npu > 0 and not answer.summary.hazards

    def is_better_than(self, result: CheckResult) -> bool:
        """Return whether it is faster or safer."""
        return self.is_faster_than(result) or self.is_safer_than(result)


def has_complaints(result: CheckResult) -> bool:
    """Return whether operators are off the NPU, or the answer may be wrong: reasons to look at another stack."""
    summary = result.summary
    return bool(summary.cpu or summary.unknown or summary.hazards)


def find_other_stacks(
    result: CheckResult,
    results: Sequence[CheckResult],
    options: PlaceOptions,
    check: Callable[[Model, Target], CheckResult],
) -> tuple[OtherStack, ...]:
    """Return the stacks that use the kernel driver of the target of `result`, each in its default version.

    Their answers are among `results`, or come from `check` if that takes no compilation.
    """
    names = stacks_on_the_same_driver(result.target)
    if names and options.use_cache and has_compiler(result.target.stack):
        remember_compiled(result.model)
    return tuple(_other(name, result, results, options, check) for name in names)


def _other(
    name: str,
    result: CheckResult,
    results: Sequence[CheckResult],
    options: PlaceOptions,
    check: Callable[[Model, Target], CheckResult],
) -> OtherStack:
    chip = result.target.chip
    answers = {other.target: other for other in results if (other.target.chip, other.target.stack) == (chip, name)}
    if not has_compiler(name) or (not answers and _may_be_kept(result)):
        target = resolve_target(f"{chip}/{name}")
        with suppress(NpufitError):  # nobody asked for it
            if target not in answers and _is_quick(target, result.model, options):
                answers[target] = check(result.model, target)
        if target in answers:
            return OtherStack(target, answers[target])
    answer = next(iter(answers.values()), None)
    return OtherStack(Target(chip, name, "") if answer is None else answer.target, answer)


def _may_be_kept(result: CheckResult) -> bool:
    """Return whether it is worth importing what compiles, which takes half as long as a check without it."""
    return has_complaints(result) and was_compiled(result.model)


def _is_quick(target: Target, model: Model, options: PlaceOptions) -> bool:
    stack = compiling_stack(target)
    return stack is None or stack.is_kept(model, target, options)
