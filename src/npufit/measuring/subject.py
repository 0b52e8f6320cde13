"""A model that is to be measured, with its file as the user has it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError
from npufit.graph import Model
from npufit.loading import ZOO_PREFIX, ModelSource, load
from npufit.tflite import serialize_model


@dataclass(frozen=True, slots=True)
class Subject:
    """A model, and its file."""

    model: Model
    content: bytes

    @property
    def sha256(self) -> str:
        """The digest of the file."""
        return hashlib.sha256(self.content).hexdigest()


def read_subject(source: ModelSource) -> Subject:
    """Return the model that `source` names, with the bytes of its file; a model of the zoo has those it would have.

    Raises InputError and ModelError as `load` does.
    """
    model = load(source)
    if isinstance(source, Model) or str(source).startswith(ZOO_PREFIX):
        return Subject(model, serialize_model(model))
    try:
        return Subject(model, Path(source).read_bytes())
    except OSError as error:
        raise InputError(f"{source}: can no longer be read: {error.strerror}.") from None
