"""The sound files that the fuzz starts from."""

from __future__ import annotations

from dataclasses import dataclass

from networks.operators import MODELS, compiled_with_names, draw
from networks.random_chains import random_chain
from networks.schema_files import EXAMPLES
from npufit.errors import NpufitError
from npufit.graph import Model
from npufit.loading import load
from npufit.tflite import parse_model, serialize_model
from real_files import list_models

_MOST_BYTES = 30_000
_ZOO = ("zoo:mobilenet_v1@32,int8-per-tensor,alpha=0.25", "zoo:mlperf_tiny_kws,int8")


@dataclass(frozen=True, slots=True)
class Seeds:
    """The files, and the models in them that can be read."""

    files: tuple[bytes, ...]
    models: tuple[Model, ...]


def read_seeds() -> Seeds:
    """Return files that the tests build, one that Vela compiled, small networks, and small real ones where they are."""
    drawn = [draw(name) for name in MODELS]
    built = [*drawn, *(random_chain(seed) for seed in range(6)), compiled_with_names(drawn[0])]
    files = [serialize_model(model) for model in built]
    files += [example() for example in EXAMPLES.values()]
    files += [serialize_model(load(name)) for name in _ZOO]
    files += [path.read_bytes() for path in list_models(_MOST_BYTES).values()]
    models: list[Model] = []
    for data in files:
        try:
            models.append(parse_model(data, "seed"))
        except NpufitError:
            continue
    return Seeds(tuple(files), tuple(models))
