"""Check a model for a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit.checking.result import CheckResult
from npufit.checking.target_choice import ChosenTarget, choose_target
from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks import (
    LogReport,
    Placement,
    PlaceOptions,
    Target,
    apply_log,
    load_stack,
    stack_names,
)

if TYPE_CHECKING:
    from npufit.cost import EstimateOptions

MAX_LOG_BYTES = 64 << 20


def check(
    model: Model,
    target: str | Target | ChosenTarget,
    *,
    log: str | None = None,
    options: PlaceOptions | None = None,
    estimate_options: EstimateOptions | None = None,
) -> CheckResult:
    """Return where every operator of `model` runs on `target`, why, and how long that is predicted to take.

    `log` is the text that the user's board or tool printed for this model: it decides, and where the rules differ the
    differences are listed. A target may also be the profile of a board, a file that `npufit calibrate` wrote.

    Raises InputError for a wrong target or log, ToolError where a needed tool fails.

    >>> import npufit
    >>> result = npufit.check(npufit.load("zoo:mobilenet_v2,int8"), "imx93/teflon@25.3")
    >>> result.summary.npu, result.summary.operators, result.summary.partitions
    (14, 71, 14)
    >>> result.placement.operators[1].finding.rule.id
    'ethosu.per-channel'
    """
    chosen = choose_target(target) if isinstance(target, str) else target
    if isinstance(chosen, Target):
        chosen = ChosenTarget(chosen)
    stack = load_stack(chosen.target.stack)
    placement = stack.place(model, chosen.target, options or PlaceOptions())
    if log is not None:
        placement = _apply(placement, log, model)
    return CheckResult(model, placement, chosen.options(estimate_options), chosen.profile)


def _apply(placement: Placement, text: str, model: Model) -> Placement:
    if len(text) > MAX_LOG_BYTES:
        raise InputError(f"the log has {len(text)} characters. Give the part that concerns this model.")
    own = placement.target.stack
    report = load_stack(own).read_log(text, model)
    if report is not None:
        return apply_log(placement, report, model)
    others = [name for name in stack_names() if name != own and _reads(name, text, model)]
    if others:
        raise InputError(
            f"the log is one of {' or '.join(others)}, the target is {placement.target}. Give the target whose tool "
            "wrote it."
        )
    raise InputError(
        f"the log holds nothing that npufit knows of {own}. Expected for teflon: the output with "
        "TEFLON_DEBUG=verbose; for vela: what the vela command printed; for neutron: the converter's or delegate's "
        "output; for vx: what label_image or benchmark_model printed with libvx_delegate.so."
    )


def _reads(name: str, text: str, model: Model) -> bool:
    try:
        report: LogReport | None = load_stack(name).read_log(text, model)
    except InputError:
        return True
    return report is not None
