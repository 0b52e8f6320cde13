"""LiteRT's reference kernels (`OpResolverType.BUILTIN_REF`): the golden that everything is compared with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from npufit.errors import InputError, ToolError
from npufit.execute.values import Array, Values, dtype_of
from npufit.graph import NO_TENSOR, Model, Tensor
from npufit.tflite import serialize_model
from npufit.words import shorten

GOLDEN = "LiteRT BUILTIN_REF"
"""How reports call the reference kernels."""

_REFUSALS = (RuntimeError, ValueError)
_LONGEST_MESSAGE = 300


class Reference:
    """A model that is loaded in the reference kernels and can be run any number of times."""

    def __init__(self, model: Model) -> None:
        """Load `model`. Raises InputError where LiteRT cannot, for example for an operator that it does not have."""
        self._model = model
        self._computed = computed_tensors(model)
        self._interpreter = _interpreter(model)
        try:
            self._interpreter.allocate_tensors()
        except _REFUSALS as error:
            raise InputError(f"{model.name}: LiteRT cannot load it: {_said(error)}.") from None

    def run(self, inputs: Values) -> dict[int, Array]:
        """Return every tensor that an operator of the main subgraph writes, by tensor index, copied.

        State starts anew with every run. Tensors whose type NumPy does not have are left out, and so are those that
        LiteRT does not keep. Raises InputError where a kernel refuses the values.
        """
        try:
            self._interpreter.reset_all_variables()
            for index, values in inputs.items():
                self._interpreter.set_tensor(index, values)
            self._interpreter.invoke()
        except _REFUSALS as error:
            raise InputError(
                f"{self._model.name}: LiteRT cannot run it with these inputs: {_said(error)}. Give inputs that suit "
                "the model with --input."
            ) from None
        found: dict[int, Array] = {}
        for index in self._computed:
            with suppress(ValueError):  # LiteRT has no data for a tensor of size zero or one that nothing needs
                found[index] = self._interpreter.get_tensor(index)
        return found


def computed_tensors(model: Model) -> tuple[int, ...]:
    """Return the tensors that operators of the main subgraph write and whose values NumPy can hold, in that order."""
    written = (index for operator in model.main.operators for index in operator.outputs if index != NO_TENSOR)
    return tuple(index for index in dict.fromkeys(written) if dtype_of(model.main.tensors[index]) is not None)


def _interpreter(model: Model) -> Any:
    try:
        from ai_edge_litert.interpreter import (  # pyright: ignore[reportMissingTypeStubs]
            Interpreter,
            OpResolverType,
        )
    except ImportError as error:
        raise ToolError(f"LiteRT cannot be imported: {error}. Install it with: pip install ai-edge-litert.") from None
    try:
        return Interpreter(
            model_content=serialize_model(_with_sound_axes(model)),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
    except _REFUSALS as error:
        raise InputError(f"{model.name}: LiteRT cannot load it: {_said(error)}.") from None


def _with_sound_axes(model: Model) -> Model:
    """Return `model` with axis 0 where the axis of the scales is not one of the tensor's.

    Old converters wrote the axis of the weights at biases, and TensorFlow Lite for Microcontrollers does not mind;
    LiteRT refuses it. Where there is one axis or one scale, nothing else can be meant.
    """

    def repair(tensor: Tensor) -> Tensor:
        quantization, rank = tensor.quantization, len(tensor.shape or ())
        if quantization.axis < max(1, rank) or (rank > 1 and len(quantization.scales) > 1):
            return tensor
        return replace(tensor, quantization=replace(quantization, axis=0))

    return replace(
        model,
        subgraphs=tuple(replace(graph, tensors=tuple(map(repair, graph.tensors))) for graph in model.subgraphs),
    )


def _said(error: Exception) -> str:
    return shorten(" ".join(str(error).split()).rstrip("."), _LONGEST_MESSAGE)
