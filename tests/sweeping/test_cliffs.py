"""Cliffs are found at their exact place, wherever they are."""

from __future__ import annotations

import sys
from pathlib import Path

from npufit.stacks import PlaceOptions
from npufit.sweeping import CliffKind, SweepOptions, sweep
from sweeping import converter_with_cliff


def test_the_cliff_of_a_converter_is_found_at_a_place_that_nobody_told() -> None:
    converter = (sys.executable, str(Path(converter_with_cliff.__file__)))
    options = SweepOptions(sizes=("96:320:32",), place=PlaceOptions(converter=converter), use_cache=False)
    result = sweep("zoo:mobilenet_v1,alpha=0.25", "imx95/neutron@1.16", options).result()
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
