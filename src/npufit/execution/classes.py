"""The best classes of a classifier, with labels if there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npufit.errors import InputError
from npufit.execution.values import Array
from npufit.files import read_bounded
from npufit.graph import Model
from npufit.graph.arrays import real_values

_LARGEST_LABELS_BYTES = 16 << 20
_FEWEST_CLASSES = 2


@dataclass(frozen=True, slots=True)
class Score:
    """One class with its score as a real number; `label` is empty without labels."""

    index: int
    label: str
    score: float


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the lines of a file of labels, without empty lines at its end. Raises InputError."""
    return _lines(read_bounded(path, _LARGEST_LABELS_BYTES, what="the labels"))


def best_classes(
    model: Model, outputs: Mapping[int, Array], labels: Sequence[str] | None = None, count: int = 5
) -> tuple[Score, ...]:
    """Return the `count` best classes if the model has one output with a score per class, otherwise nothing.

    An output as large as an input is not a list of classes, unless there are `labels`: such a model restores its input.

    Without `labels`, a text file appended to the model with one line per class is used. Labels may be one fewer than
    the classes; the first class is then the background. Raises InputError for any other number.
    """
    values = _scores(model, outputs)
    if labels is None and _is_autoencoder(model):
        return ()
    if values is None:
        if labels is not None:
            raise InputError(f"{model.name}: no output has one score per class, so --labels does not apply.")
        return ()
    names = class_names(model, values.size, labels)
    order = np.argsort(-values, kind="stable")[:count]
    return tuple(Score(int(index), names[int(index)] if names else "", float(values[index])) for index in order)


def _is_autoencoder(model: Model) -> bool:
    inputs, outputs = (
        {model.main.tensors[index].element_count for index in indices}
        for indices in (model.main.inputs, model.main.outputs)
    )
    return bool(inputs & outputs)


def class_names(model: Model, count: int, labels: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return one name per class: `labels`, or without them lines appended to the file; nothing if there are none.

    One name fewer than classes is completed by a first class `background`. Raises InputError for any other number.
    """
    given = _attached_labels(model, count) if labels is None else tuple(labels)
    if labels is not None and len(given) not in (count, count - 1):
        raise InputError(f"{model.name}: the model has {count} classes, but the file of labels has {len(given)} lines.")
    return ("background", *given) if len(given) == count - 1 else given


def _scores(model: Model, outputs: Mapping[int, Array]) -> Array | None:
    if len(model.main.outputs) != 1 or model.main.outputs[0] not in outputs:
        return None
    index = model.main.outputs[0]
    stored = outputs[index]
    if stored.ndim < 1 or stored.size != stored.shape[-1] or stored.size < _FEWEST_CLASSES or stored.dtype.kind == "c":
        return None
    return real_values(stored, model.main.tensors[index].quantization).reshape(-1)


def _attached_labels(model: Model, count: int) -> tuple[str, ...]:
    for attachment in model.attachments:
        if attachment.name.endswith(".txt"):
            lines = _lines(attachment.data)
            if len(lines) in (count, count - 1):
                return lines
    return ()


def _lines(data: bytes) -> tuple[str, ...]:
    return tuple(line.strip() for line in data.decode("utf-8", "replace").rstrip().splitlines())
