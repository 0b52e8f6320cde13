"""The user's observations: models with the converter's log or file."""

from __future__ import annotations

from pathlib import Path

from npufit.files import read_bounded
from npufit.formatting import shorten
from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.stacks.neutron.hypotheses import SeenConversion, SourceNetwork, seen_in_file, seen_in_log

_MOST_LOG_BYTES = 64 << 20
_MODEL = ".tflite"


def observe(network: SourceNetwork, evidence: str | Path, release: str) -> SeenConversion:
    """Return what `evidence` says about `network`: the text of a log, or the path of one or of a converted file.

    Raises InputError if it says nothing about this network.
    """
    if isinstance(evidence, str):
        return seen_in_log(network, evidence, release, "the log")
    name = shorten(str(evidence))
    if evidence.suffix == _MODEL:
        return seen_in_file(network, load(evidence), release, name)
    data = read_bounded(evidence, _MOST_LOG_BYTES, "Give only the part for this model.", what="the log")
    return seen_in_log(network, data.decode("utf-8", "replace"), release, name)


def name_of(source: ModelSource, model: Model) -> str:
    """Return what a model is called in sentences: its name in the zoo, or its file's name."""
    return shorten(str(source) if isinstance(source, str) and source.startswith("zoo:") else model.name, 60)
