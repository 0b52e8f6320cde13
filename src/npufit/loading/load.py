"""Models by what users write: a path, or the name of a built-in network."""

from __future__ import annotations

from pathlib import Path

from npufit.graph import Model

ZOO_PREFIX = "zoo:"


def load(source: str | Path) -> Model:
    """Return the model that `source` names: a path to a `.tflite` file, or `zoo:NAME[@SIZE][,QUANT]`.

    Raises InputError where there is no such file or network, ModelError where the file is not a sound model.

    >>> import npufit
    >>> model = npufit.load("zoo:mobilenet_v2@224,int8")
    >>> len(model.main.operators)
    71
    """
    if isinstance(source, str) and source.startswith(ZOO_PREFIX):
        from npufit.zoo import build, parse_spec

        return build(parse_spec(source.removeprefix(ZOO_PREFIX)))
    from npufit.tflite import read_model

    return read_model(source)
