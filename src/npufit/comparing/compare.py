"""Compare two models, two targets, two releases, or saved results of checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from npufit.checking import CheckOptions, CheckResult, Gate, GateResult, TargetChoice, check_targets, choose_target
from npufit.comparing.compare_gates import evaluate_compare_gate, parse_compare_gate
from npufit.comparing.comparison import Comparison
from npufit.comparing.from_check import take_snapshot
from npufit.comparing.matching import match_operators
from npufit.comparing.pairing import pair_targets
from npufit.comparing.saved import read_snapshots
from npufit.comparing.snapshot import Snapshot
from npufit.errors import InputError
from npufit.formatting import printable
from npufit.loading import ModelSource, load
from npufit.measurements import is_measurement_file
from npufit.stacks import PlaceOptions

if TYPE_CHECKING:
    from npufit.comparing.measured import MeasuredComparison
    from npufit.cost import EstimateOptions

_SAVED = ".json"

Comparable = ModelSource | CheckResult
"""What can be compared: a model, a result, or a `.json` file of `npufit check --json` or of `npufit bench`."""


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """Options of a comparison.

    `targets` are those that models are checked for, and those that are taken from saved results. `require` has gates,
    such as `moved-to-cpu==0`; `CompareResult.gates` says whether they hold. `place` is for the stack and its tools,
    `estimate` for the predicted times of models that are checked.
    """

    targets: tuple[TargetChoice, ...] = ()
    require: tuple[str, ...] = ()
    place: PlaceOptions = field(default_factory=PlaceOptions)
    estimate: EstimateOptions | None = None


@dataclass(frozen=True)
class CompareResult:
    """What changed, target by target. `only_before` and `only_after` have no counterpart on the other side.

    Between two measurements of `npufit bench`, `measured` says what changed, and there are no other comparisons.
    """

    comparisons: tuple[Comparison, ...]
    only_before: tuple[Snapshot, ...] = ()
    only_after: tuple[Snapshot, ...] = ()
    required: tuple[Gate, ...] = ()
    measured: MeasuredComparison | None = None

    @cached_property
    def gates(self) -> tuple[GateResult, ...]:
        """Whether each of the requested gates holds for each comparison."""
        if self.measured is not None:
            from npufit.comparing.measured_gates import evaluate_measured_gate

            return tuple(evaluate_measured_gate(gate, self.measured) for gate in self.required)
        return tuple(evaluate_compare_gate(gate, entry) for entry in self.comparisons for gate in self.required)


def compare(
    before: Comparable, after: Comparable | None = None, options: CompareOptions | None = None
) -> CompareResult:
    """Return what moved between NPU and CPU from `before` to `after`, which hazards came and went, time and memory.

    Models are checked for each of the options' targets. Without `after`, two targets of `before` are compared. Results
    for several targets are paired by target, then by chip and stack, so that two releases meet. Two measurements of
    `npufit bench` are compared with each other. Raises InputError for
    an unusable model, file, target or gate, ToolError if a needed tool fails.

    >>> import npufit
    >>> releases = npufit.CompareOptions(("imx93/teflon@26.1", "imx93/teflon@25.3"))
    >>> result = npufit.compare("zoo:mobilenet_v2,int8,pad=folded", options=releases)
    >>> result.comparisons[0].verdict.value, len(result.comparisons[0].moved_to_cpu)
    ('worse', 52)
    """
    options = options or CompareOptions()
    if _is_measured(before) or _is_measured(after):
        return _compare_measured(before, after, options)
    gates = tuple(map(parse_compare_gate, options.require))
    if after is None:
        return CompareResult((_two_targets(before, options),), required=gates)
    first, second = _both_sides(before, after, options)
    pairs, only_before, only_after = pair_targets(first, second)
    if not pairs:
        raise InputError(
            f"nothing to compare: one side has {_names(first)}, the other {_names(second)}. Name one target of each "
            "file with -t."
        )
    return CompareResult(tuple(_compare(*pair) for pair in pairs), only_before, only_after, gates)


def _is_measured(source: Comparable | None) -> bool:
    return isinstance(source, str | Path) and _is_saved(source) and is_measurement_file(Path(source))


def _compare_measured(before: Comparable, after: Comparable | None, options: CompareOptions) -> CompareResult:
    """Return the comparison of two measurements. Raises InputError if one of them is something else."""
    if not (_is_measured(before) and _is_measured(after)):
        raise InputError(_TWO_MEASUREMENTS)
    from npufit.comparing.measured import compare_measurements
    from npufit.comparing.measured_gates import parse_measured_gate

    gates = tuple(map(parse_measured_gate, options.require))
    return CompareResult((), required=gates, measured=compare_measurements(Path(str(before)), Path(str(after))))


_TWO_MEASUREMENTS = (
    "a measurement is compared with another measurement. To see one beside the prediction of a model, use npufit check "
    "MODEL --measured FILE."
)


def _compare(before: Snapshot, after: Snapshot) -> Comparison:
    return Comparison(before, after, match_operators(before.operators, after.operators))


def _two_targets(source: Comparable, options: CompareOptions) -> Comparison:
    found = _snapshots(source, options.targets, options)
    if len(found) != 2:
        raise InputError(
            f"one MODEL is compared on two targets, but there {'is' if len(found) == 1 else 'are'} {len(found)}"
            f"{f': {_names(found)}' if found else ''}. Give two -t, such as -t imx93/teflon@25.3 -t imx93/teflon@26.2, "
            "or another MODEL."
        )
    return _compare(*found)


def _both_sides(
    before: Comparable, after: Comparable, options: CompareOptions
) -> tuple[tuple[Snapshot, ...], tuple[Snapshot, ...]]:
    """Return the results of both sides; a model without targets is checked for those of the other side."""
    if not options.targets and _is_model(before) and not _is_model(after):
        second = _snapshots(after, (), options)
        return _snapshots(before, _targets_of(second), options), second
    first = _snapshots(before, options.targets, options)
    targets = options.targets if options.targets or not _is_model(after) else _targets_of(first)
    return first, _snapshots(after, targets, options)


def _snapshots(source: Comparable, targets: Sequence[TargetChoice], options: CompareOptions) -> tuple[Snapshot, ...]:
    """Return the result of `source` for each target; those of a saved result are all that it has, without `targets`."""
    if isinstance(source, CheckResult):
        return (take_snapshot(source),)
    if _is_saved(source):
        return _chosen(read_snapshots(Path(str(source))), targets, str(source))
    if not targets:
        raise InputError("no target given. Name one with -t, such as -t imx93/teflon@26.1 (see `npufit targets`).")
    check_options = CheckOptions(place=options.place, estimate=options.estimate)
    return tuple(map(take_snapshot, check_targets(load(source), targets, check_options)))


def _is_model(source: Comparable) -> bool:
    return not isinstance(source, CheckResult) and not _is_saved(source)


def _is_saved(source: ModelSource) -> bool:
    return isinstance(source, str | Path) and str(source).lower().endswith(_SAVED)


def _targets_of(snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    return tuple(snapshot.target for snapshot in snapshots)


def _chosen(snapshots: tuple[Snapshot, ...], targets: Sequence[TargetChoice], file: str) -> tuple[Snapshot, ...]:
    """Return the snapshots of `targets`, or else those of the same chip and stack. Raises InputError for none."""
    if not targets:
        return snapshots
    wanted = [str(choose_target(target).target) for target in targets]
    exact = tuple(snapshot for snapshot in snapshots if snapshot.target in wanted)
    series = {target.partition("@")[0] for target in wanted}
    found = exact or tuple(snapshot for snapshot in snapshots if snapshot.target.partition("@")[0] in series)
    if not found:
        raise InputError(f"{printable(file)}: has no result for {', '.join(wanted)}. It has: {_names(snapshots)}.")
    return found


def _names(snapshots: Sequence[Snapshot]) -> str:
    return printable(", ".join(snapshot.name for snapshot in snapshots))
