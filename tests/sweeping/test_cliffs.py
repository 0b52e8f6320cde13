"""Cliffs are found at their exact place, wherever they are, and with what is to blame for them."""

from __future__ import annotations

import sys
from pathlib import Path

import npufit
from npufit.stacks import PlaceOptions
from npufit.sweeping import CliffKind, PointStatus, SweepOptions, sweep
from sweeping import converter_with_cliff

_NETWORK = "zoo:mobilenet_v1,alpha=0.25"


def _converter(*words: str) -> PlaceOptions:
    command = (sys.executable, str(Path(converter_with_cliff.__file__)), *words)
    return PlaceOptions(converter=command, time_limit_s=6.0)


def test_the_cliff_of_a_converter_is_found_at_a_place_that_nobody_told() -> None:
    options = SweepOptions(sizes=("96:320:32",), place=_converter(), use_cache=False)
    result = sweep(_NETWORK, "imx95/neutron@1.16", options).result()
    (cliff,) = result.cliffs
    largest = converter_with_cliff.LARGEST_CONVERTED
    assert (cliff.before.size, cliff.after.size) == ((largest, largest), (largest + 1, largest + 1))
    assert cliff.is_exact
    assert cliff.kinds[0] is CliffKind.SHARE
    culprit = cliff.culprit
    assert culprit is not None
    assert (culprit.index, culprit.type, culprit.rule) == (2, "DEPTHWISE_CONV_2D", "neutron.left-on-cpu")
    assert culprit.name
    assert cliff.before.ms is not None
    assert cliff.after.ms is not None
    assert cliff.after.ms > cliff.before.ms
    assert len(result.points) == 8 + 5, "halving 32 pixels takes five conversions"


def test_where_a_converter_begins_to_fail_is_a_cliff_and_a_hanging_one_costs_its_point() -> None:
    place = _converter("--fail-from", "117", "--hang-at", "96")
    options = SweepOptions(sizes=("96:128:16",), place=place, use_cache=False)
    result = sweep(_NETWORK, "imx95/neutron@1.16", options).result()
    (cliff,) = [cliff for cliff in result.cliffs if cliff.is_exact and cliff.before.status is PointStatus.PREDICTED]
    assert cliff.kinds == (CliffKind.FAILURE,)
    assert cliff.after.size == (117, 117)
    assert cliff.culprit is not None
    assert "Global format selection has failed" in cliff.culprit.after
    hanging = result.points[0]
    assert (hanging.size, hanging.status) == ((96, 96), PointStatus.FAILED)
    assert "was stopped after 6 s" in hanging.reason


def test_a_hazard_appears_at_the_size_at_which_check_shows_it() -> None:
    options = SweepOptions(sizes=("96:128:32",), use_cache=False)
    result = sweep("zoo:inception_v1", "imx93/teflon@26.2", options).result()
    (cliff,) = result.cliffs
    assert cliff.kinds == (CliffKind.HAZARD,)
    assert cliff.culprit is not None
    assert (cliff.culprit.rule, cliff.culprit.type) == ("ethosu.stride-overflow", "AVERAGE_POOL_2D")
    rules: list[set[str]] = []
    for point in (cliff.before, cliff.after):
        checked = npufit.check(point.series.network.title(point.size), "imx93/teflon@26.2")
        rules.append({hazard.rule.id for hazard in checked.placement.hazards})
        assert checked.estimate is not None
        assert point.ms == float(f"{checked.estimate.total_ms:.6g}")
        assert point.npu_operators == (checked.summary.npu, checked.summary.operators)
    assert rules[1] - rules[0] == {"ethosu.stride-overflow"}
    assert cliff.after.size is not None
    assert cliff.before.size == (cliff.after.size[0] - 1, cliff.after.size[1] - 1)


def test_an_observed_cliff_has_no_exact_place() -> None:
    result = sweep("zoo:mobilenet_v2", "imx95/neutron", SweepOptions(sizes=("160:384:32",), use_cache=False)).result()
    observed = [point for point in result.points if point.status is PointStatus.OBSERVED]
    assert [(point.size, point.ms, point.npu_operators) for point in observed] == [
        ((224, 224), 3.17, (82, 88)),
        ((320, 320), 87.38, (22, 88)),
    ]
    assert all(point.sighting is not None and "29531" in point.sighting.source for point in observed)
    assert result.count(PointStatus.UNKNOWN) == 8
    (cliff,) = result.cliffs
    assert (cliff.before.size, cliff.after.size, cliff.is_exact) == ((224, 224), (320, 320), False)
    assert cliff.kinds == (CliffKind.SHARE, CliffKind.TIME)
    assert cliff.culprit is None
    (unknown,) = result.unknown_ranges(result.series[0])
    assert (unknown[0].size, unknown[-1].size) == ((160, 160), (384, 384))
