"""Resize a model: its inputs, by one size or by the size of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.graph import Model
from npufit.loading import ModelSource, load
from npufit.rewrite.resolution import Resized, Size, image_input, parse_size, resize_inputs

SizeChoice = int | Size | str
"""A size of an input: both sides in pixels, height and width, or these as people write them: `320`, `192x256`."""


@dataclass(frozen=True, slots=True)
class ResizeResult:
    """A model before and after it got another input resolution, with what was changed for that."""

    original: Model
    resized: Resized

    @property
    def model(self) -> Model:
        """The model at its new size."""
        return self.resized.model


def resize(model: ModelSource, size: SizeChoice | Mapping[str, SizeChoice]) -> ResizeResult:
    """Return `model` with its image input at `size`, or each input at its own size where `size` has them by name.

    Weights and quantization stay as they are, so the answers are as good as the network is at that size. Constants that
    follow from the size are computed anew. Raises InputError for a wrong size or input, and with the operator where the
    architecture forbids it.

    >>> import npufit
    >>> resized = npufit.resize("zoo:mobilenet_v2@224,int8", "192x256")
    >>> resized.model.main.tensors[resized.model.main.inputs[0]].shape
    (1, 192, 256, 3)
    """
    original = load(model)
    choices = size if isinstance(size, Mapping) else {image_input(original): size}
    sizes = {name: _size(choice) for name, choice in choices.items()}
    return ResizeResult(original, resize_inputs(original, sizes))


def _size(choice: SizeChoice) -> Size:
    if isinstance(choice, tuple):
        choice = f"{choice[0]}x{choice[1]}"
    return parse_size(str(choice))
