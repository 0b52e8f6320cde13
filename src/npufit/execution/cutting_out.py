"""Operators cut out of a model, so that they can be executed alone."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.graph import Model, cut_out, written_by
from npufit.graph.arrays import dtype_of


def cut_segment(model: Model, operators: Sequence[int]) -> Model:
    """Return a model of some operators of the main subgraph that outputs all their results that NumPy can hold."""
    main = model.main
    outputs = [index for index in written_by(main, operators) if dtype_of(main.tensors[index]) is not None]
    return cut_out(model, operators, outputs)
