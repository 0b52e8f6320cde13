"""Models by name: a path, or a built-in network."""

from __future__ import annotations

from pathlib import Path

from npufit.files import write_file
from npufit.graph import Model

ZOO_PREFIX = "zoo:"

ModelSource = Model | str | Path
"""What every verb accepts as a model: a model, or an argument of `load`."""


def load(source: ModelSource) -> Model:
    """Return the model that `source` names: a path to a `.tflite` file, or `zoo:NAME[@SIZE][,QUANT]`.

    A model is returned unchanged. Raises InputError if there is no such file or network, ModelError if the file is not
    a valid model.

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


def model_file(source: ModelSource) -> Path | None:
    """Return the file that `source` names, None for a model and for a built-in network."""
    return None if isinstance(source, Model) or str(source).startswith(ZOO_PREFIX) else Path(source)


def save(model: Model, path: str | Path, *, overwrite: bool = False) -> int:
    """Write `model` to the `.tflite` file at `path`, completely or not at all, and return its size in bytes.

    Raises InputError if the file cannot be written, or exists and `overwrite` is not given.
    """
    from npufit.tflite import serialize_model

    data = serialize_model(model)
    write_file(Path(path), data, overwrite=overwrite)
    return len(data)
