"""One point, in a worker: the network at its size, placed and predicted."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

from npufit.checking import CheckOptions, check
from npufit.errors import InputError
from npufit.graph import Model
from npufit.jobs import Blob
from npufit.loading import load
from npufit.rewrite.resolution import Size, resize_image
from npufit.stacks import PlaceOptions
from npufit.sweeping.outcome import outcome_of, outcome_text
from npufit.sweeping.setup import Setup
from npufit.tflite import parse_model

IMPOSSIBLE = "impossible"
"""The field with the reason why the network cannot have the size."""

NetworkSource = Blob | str
"""Where a worker gets a network from: the bytes of a file, or the name of a built-in network at its size."""


def compute_point(source: NetworkSource, name: str, size: Size | None, setup: Setup, place: PlaceOptions) -> str:
    """Return the outcome of a network at `size` (None: as it is) on `setup`, or why it has no such size, as JSON.

    Raises InputError and ToolError if it cannot be placed.
    """
    try:
        model = _network(source, name, size)
    except InputError as error:
        return json.dumps({IMPOSSIBLE: str(error)})
    options = CheckOptions(place=replace(setup.place_options(place), explore=False), estimate=setup.estimate_options)
    return outcome_text(outcome_of(check(model, setup.chosen, options)))


@lru_cache(maxsize=2)
def _network(source: NetworkSource, name: str, size: Size | None) -> Model:
    """Return a network at `size`; the points of a group share it."""
    if isinstance(source, str):
        return load(source)
    model = _file(source, name)
    return model if size is None else resize_image(model, size).model


@lru_cache(maxsize=2)
def _file(source: Blob, name: str) -> Model:
    return parse_model(source.data, name)
