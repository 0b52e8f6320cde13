"""Check a model for one target or for several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from npufit.checking.gate import Gate
from npufit.checking.gates import parse_gate
from npufit.checking.other_stacks import find_other_stacks
from npufit.checking.result import CheckResult
from npufit.checking.target_choice import ChosenTarget, TargetChoice, choose_target
from npufit.errors import InputError
from npufit.files import read_bounded
from npufit.graph import Model
from npufit.loading import ModelSource, load, model_file
from npufit.measurements import files_in
from npufit.stacks import (
    LogReport,
    Placement,
    PlaceOptions,
    Target,
    apply_log,
    load_stack,
    place,
    prepare_stack,
    require_library_target,
    stack_names,
)

if TYPE_CHECKING:
    from npufit.cost import Estimate, EstimateOptions

MAX_LOG_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Options of a check.

    `log` is what the user's board or tool printed for this model, as text or as a file: it decides, and differences
    from the rules are listed. `require` has gates, such as `npu-macs>=99%`; `CheckResult.gates` says whether they hold.
    `place` is for the stack and its tools, `estimate` for the predicted times; without `predict` there are none. With
    `others`, the result also says what other stacks that use the same kernel driver would do, unless that takes a
    compilation. `measured` are folders of the user's own measurements, and files of them: those of the model are shown
    beside the prediction.
    """

    log: str | Path | None = None
    require: tuple[str, ...] = ()
    place: PlaceOptions = field(default_factory=PlaceOptions)
    estimate: EstimateOptions | None = None
    predict: bool = True
    others: bool = False
    measured: tuple[Path, ...] = ()


def check(model: ModelSource, target: TargetChoice, options: CheckOptions | None = None) -> CheckResult:
    """Return where every operator of `model` runs on `target`, why, and its predicted time.

    A target may also be a file: the profile of a board, which `npufit calibrate` wrote, or the rules of a converter,
    which `npufit probe` wrote. Raises InputError for a wrong
    model, target, log or gate, ToolError if a needed tool fails.

    >>> import npufit
    >>> result = npufit.check("zoo:mobilenet_v2,int8", "imx93/teflon@25.3")
    >>> result.summary.npu, result.summary.operators, result.summary.partitions
    (14, 71, 14)
    >>> result.placement.operators[1].finding.rule.id
    'ethosu.per-channel'
    """
    return check_targets(model, [target], options)[0]


def check_targets(
    model: ModelSource, targets: Iterable[TargetChoice], options: CheckOptions | None = None
) -> tuple[CheckResult, ...]:
    """Return the result of `check` for each of `targets`, in order; a repeated target is checked once."""
    options = options or CheckOptions()
    gates = tuple(map(parse_gate, options.require))
    chosen: list[ChosenTarget] = []
    for target in targets:
        entry = choose_target(target, options.place.vela, options.place.library)
        if entry not in chosen:
            chosen.append(entry)
    require_library_target((entry.target for entry in chosen), options.place.library)
    if options.log is not None and options.place.library is not None:
        raise InputError("--log and --library both decide. Give one of them.")
    if options.log is not None and len(chosen) > 1:
        raise InputError("--log belongs to one target, but several were given. Give a single -t with it.")
    if not isinstance(model, Model):
        for entry in chosen:
            prepare_stack(entry.target, entry.placing(options.place))  # its compiler starts while the model is read
    network = load(model)
    log = _log_text(options.log)
    results = tuple(_check(network, entry, log, gates, options) for entry in chosen)
    if any(files_in(place)[0] for place in options.measured):
        results = _with_measurements(results, model_file(model), options.measured)
    return tuple(_with_others(result, results, options) for result in results) if options.others else results


def _with_measurements(
    results: Sequence[CheckResult], file: Path | None, places: Sequence[Path]
) -> tuple[CheckResult, ...]:
    """Return `results` with the user's own measurements of their model, which was read from `file`."""
    from npufit.checking.own_measurements import measurements_on
    from npufit.measurements import measurements_of

    measured = measurements_of(results[0].model, file, places)
    return tuple(replace(result, own=measurements_on(result.target, measured)) for result in results)


def _with_others(result: CheckResult, results: Sequence[CheckResult], options: CheckOptions) -> CheckResult:
    """Return `result` with what other stacks that use the same kernel driver would do."""
    place = replace(options.place, library=None, converter=None, explore=False)
    own = result.estimate_options
    on_the_same_board = None if own is None else replace(own, npu=None, npu_band=None)

    def check_other(model: Model, target: Target) -> CheckResult:
        plain = CheckOptions(place=place, estimate=on_the_same_board, predict=options.predict)
        return _check(model, ChosenTarget(target), None, (), plain)

    return replace(result, others=find_other_stacks(result, results, place, check_other))


def _check(
    model: Model, chosen: ChosenTarget, log: str | None, gates: tuple[Gate, ...], options: CheckOptions
) -> CheckResult:
    placement = place(model, chosen.target, chosen.placing(options.place))
    if log is not None:
        placement = _apply(placement, log, model)
    estimate_options = chosen.options(options.estimate)
    estimate = _predict(model, placement, estimate_options) if options.predict else None
    return CheckResult(model, placement, estimate, estimate_options, chosen.profile, gates, file=chosen.file)


def _predict(model: Model, placement: Placement, options: EstimateOptions | None) -> Estimate | None:
    from npufit.cost import estimate

    return estimate(model, placement, options)


def _log_text(log: str | Path | None) -> str | None:
    if isinstance(log, Path):
        data = read_bounded(log, MAX_LOG_BYTES, "Give only the part for this model.", what="the log")
        return data.decode("utf-8", "replace")
    return log


def _apply(placement: Placement, text: str, model: Model) -> Placement:
    if len(text) > MAX_LOG_BYTES:
        raise InputError(f"the log has {len(text)} characters. Give only the part for this model.")
    own = placement.target.stack
    report = load_stack(own).read_log(text, model)
    if report is not None:
        return apply_log(placement, report, model)
    others = [name for name in stack_names() if name != own and _reads(name, text, model)]
    if others:
        raise InputError(
            f"the log comes from {' or '.join(others)}, but the target is {placement.target}. Give the target whose "
            "tool wrote it."
        )
    raise InputError(
        f"the log has nothing that npufit recognises for {own}. Expected for teflon: the output with "
        "TEFLON_DEBUG=verbose; for vela and direct: the output of the vela command; for neutron: the converter's or "
        "delegate's output; for vx: the output of label_image or benchmark_model with libvx_delegate.so."
    )


def _reads(name: str, text: str, model: Model) -> bool:
    try:
        report: LogReport | None = load_stack(name).read_log(text, model)
    except InputError:
        return True
    return report is not None
