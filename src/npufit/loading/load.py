"""Models by what users write: a path, or the name of a built-in network."""

from __future__ import annotations

from pathlib import Path

from npufit.files import write_file
from npufit.graph import Model

ZOO_PREFIX = "zoo:"

ModelSource = Model | str | Path
"""What every verb takes as a model: a model, or what `load` takes."""


def load(source: ModelSource) -> Model:
    """Return the model that `source` names: a path to a `.tflite` file, or `zoo:NAME[@SIZE][,QUANT]`.

    A model is returned as it is. Raises InputError where there is no such file or network, ModelError where the file is
    not a sound model.

    >>> import npufit
    >>> model = npufit.load("zoo:mobilenet_v2@224,int8")
    >>> len(model.main.operators)
    71
    """
    if isinstance(source, Model):
        return source
    if isinstance(source, str) and source.startswith(ZOO_PREFIX):
        from npufit.zoo import build, parse_spec

        return build(parse_spec(source.removeprefix(ZOO_PREFIX)))
    from npufit.tflite import read_model

    return read_model(source)


def save(model: Model, path: str | Path, *, overwrite: bool = False) -> int:
    """Write `model` to the `.tflite` file at `path`, as a whole or not at all, and return its size in bytes.

    Raises InputError where the file cannot be written, or exists and `overwrite` is not given.
    """
    from npufit.tflite import serialize_model

    data = serialize_model(model)
    write_file(Path(path), data, overwrite=overwrite)
    return len(data)
