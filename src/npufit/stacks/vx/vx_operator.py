"""One operator as the delegate sees it before preparation: the file's shapes, types and constants."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.formatting import shorten
from npufit.graph import Activation, OtherOptions, Subgraph, Tensor, fused_activation
from npufit.stacks.delegates.located_operator import LocatedOperator

_ACTIVATIONS = {activation.value: activation for activation in Activation}


@dataclass(frozen=True, slots=True)
class VxOperator(LocatedOperator):
    """An operator as the rules of the delegate read it."""

    @property
    def activation(self) -> Activation:
        """The fused activation, also for types whose options are kept untyped."""
        options = self.operator.options
        if isinstance(options, OtherOptions):
            return _ACTIVATIONS.get(self.number("fused_activation_function"), Activation.NONE)
        return fused_activation(options)

    def number(self, field: str) -> int:
        """Return an integer or boolean option by its schema name, 0 if there is none."""
        options = self.operator.options
        if isinstance(options, OtherOptions):
            value = next((value for name, value in options.fields if name == field), 0)
        else:
            value = getattr(options, field, 0)
        return int(value) if isinstance(value, int) else 0

    def computed(self, *positions: int) -> str | None:
        """Return the first of the inputs at `positions` that exists and is not constant, in words."""
        for position in positions:
            tensor = self.input(position)
            if tensor is not None and not tensor.is_constant:
                return f"'{shorten(tensor.name)}' is computed"
        return None


def vx_operators(subgraph: Subgraph) -> tuple[VxOperator, ...]:
    """Return every operator of `subgraph`, in order."""
    return tuple(VxOperator(subgraph, index, operator) for index, operator in enumerate(subgraph.operators))


def written_shape(tensor: Tensor) -> tuple[int, ...]:
    """Return the file's shape, empty if it gives none: to the delegate that is rank 0."""
    return () if tensor.shape is None or tensor.shape_is_inferred else tensor.shape


def is_affine(tensor: Tensor) -> bool:
    """Return whether TensorFlow Lite passes on quantization parameters: it does if there is a scale."""
    return bool(tensor.quantization.scales)


def shape_words(tensor: Tensor) -> str:
    """Return a tensor's shape in words."""
    return "x".join(map(str, written_shape(tensor))) or "no dimensions"


def several_scales(tensor: Tensor) -> str | None:
    """Return how many scales a tensor has if it has more than one: the delegate counts them whatever their values."""
    count = len(tensor.quantization.scales)
    return f"{count} scales" if count > 1 else None
