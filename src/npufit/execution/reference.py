"""LiteRT's reference kernels (`OpResolverType.BUILTIN_REF`): the reference that everything is compared with.

Its default kernels, XNNPACK's where they can, are here as a yardstick: they are right as well, and round otherwise.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from npufit.execution.unsafe import refuse_unsafe
from npufit.execution.values import Array, Values
from npufit.graph import NO_BUFFER, NO_TENSOR, Model, Tensor
from npufit.graph.arrays import dtype_of, stored_values
from npufit.litert import TIME_LIMIT_S, WORKER, Failure, LitertFailureError, LitertRefusalError, Request, pack_values
from npufit.tflite import serialize_model

GOLDEN = "LiteRT BUILTIN_REF"
"""The name of the reference kernels in reports."""


class LitertKernels(StrEnum):
    """Which of LiteRT's kernels compute."""

    REFERENCE = "reference"
    DEFAULT = "default"
    """What an interpreter takes by itself. Only outputs can be read of it."""


class Reference:
    """A model loaded in LiteRT, which can be run any number of times.

    LiteRT runs in its own process. If that process dies, the model is loaded again for the next run.
    """

    def __init__(
        self,
        model: Model,
        time_limit_s: float = TIME_LIMIT_S,
        kernels: LitertKernels = LitertKernels.REFERENCE,
    ) -> None:
        """Load `model` for `kernels`; `time_limit_s` bounds that and each run.

        Raises LitertRefusalError (an InputError) if LiteRT cannot load it, for example because it lacks an operator,
        LitertFailureError (a ToolError) if it crashes or exceeds a limit.
        """
        refuse_unsafe(model)
        self._model, self._time_limit_s, self._kernels = model, time_limit_s, kernels
        self._computed = computed_tensors(model)
        self._known = {*self._computed, *variables_of(model)}
        self._initial = _initial_states(model)
        self._number = WORKER.new_model()
        self._generation = 0
        weakref.finalize(self, WORKER.forget, self._number)
        self._load()

    def run(self, inputs: Values, wanted: Iterable[int] | None = None) -> dict[int, Array]:
        """Return every tensor that an operator of the main subgraph writes, by tensor index; or only those in `wanted`.

        `wanted` may name variables, too. They start from the file's values in every run unless `inputs` has others,
        such as those that an earlier run left. Tensors whose type NumPy lacks are left out, and so are those
        that LiteRT does not keep. Raises LitertRefusalError if a kernel refuses the values, LitertFailureError if
        LiteRT crashes or exceeds a limit.
        """
        known = self._computed if wanted is None else tuple(self._known.intersection(wanted))
        if self._generation != WORKER.generation:
            self._load()
        try:
            return self._run(inputs, known)
        except LitertRefusalError as refusal:
            raise LitertRefusalError(
                f"{self._model.name}: LiteRT cannot run it with these inputs: {refusal.said}. Give inputs that suit "
                "the model with --input.",
                refusal.said,
                refusal.operator,
            ) from None

    def _run(self, inputs: Values, wanted: tuple[int, ...]) -> dict[int, Array]:
        rows, parts = pack_values({**self._initial, **inputs})
        head = {"do": "run", "model": self._number, "inputs": rows, "wanted": wanted}
        request = Request(head, parts, self._model.name, self._time_limit_s)
        is_alone = WORKER.served == {self._number}
        try:
            generation, found = WORKER.exchange(request)
        except LitertFailureError as failure:
            if failure.kind is not Failure.CRASH or is_alone:
                raise
            self._load()  # another model may have damaged the memory: once more, in a process of its own
            generation, found = WORKER.exchange(request)
        self._generation = generation
        return found

    def _load(self) -> None:
        data = serialize_model(_for_execution(self._model))
        head = {"do": "load", "model": self._number, "kernels": self._kernels.value}
        request = Request(head, [data], self._model.name, self._time_limit_s)
        is_alone = WORKER.served <= {self._number}
        try:
            self._generation, _ = WORKER.exchange(request)
        except LitertRefusalError as refusal:
            message = f"{self._model.name}: LiteRT cannot load it: {refusal.said}."
            raise LitertRefusalError(message, refusal.said, refusal.operator) from None
        except LitertFailureError as failure:
            if failure.kind is not Failure.CRASH or is_alone:
                raise
            self._generation, _ = WORKER.exchange(request)


def computed_tensors(model: Model) -> tuple[int, ...]:
    """Return the tensors that operators of the main subgraph write and that NumPy can hold, in that order."""
    written = (index for operator in model.main.operators for index in operator.outputs if index != NO_TENSOR)
    return tuple(index for index in dict.fromkeys(written) if dtype_of(model.main.tensors[index]) is not None)


def variables_of(model: Model) -> tuple[int, ...]:
    """Return the tensors of the main subgraph that keep their values from one inference to the next."""
    return tuple(index for index, tensor in enumerate(model.main.tensors) if tensor.is_variable)


def _for_execution(model: Model) -> Model:
    """Return `model` without the parts that LiteRT does not need, and with the rest in a form that it accepts.

    Metadata may be meant for another runtime, such as the memory plan of TensorFlow Lite for Microcontrollers.
    """
    subgraphs = tuple(
        replace(graph, tensors=tuple(_without_initial_state(_with_sound_axis(tensor)) for tensor in graph.tensors))
        for graph in model.subgraphs
    )
    return replace(model, subgraphs=subgraphs, metadata=(), metadata_buffers=(), signatures=(), attachments=())


def _with_sound_axis(tensor: Tensor) -> Tensor:
    """Return `tensor` with scale axis 0 if its axis is out of range.

    Old converters wrote the axis of the weights into biases, which TensorFlow Lite for Microcontrollers tolerates and
    LiteRT refuses. With one axis or one scale, nothing else can be meant.
    """
    quantization, rank = tensor.quantization, len(tensor.shape or ())
    if quantization.axis < max(1, rank) or (rank > 1 and len(quantization.scales) > 1):
        return tensor
    return replace(tensor, quantization=replace(quantization, axis=0))


def _without_initial_state(tensor: Tensor) -> Tensor:
    """Return a variable without its initial values: LiteRT takes none from a file, so `run` sets them."""
    return replace(tensor, buffer=NO_BUFFER) if tensor.is_variable and tensor.buffer.size_bytes else tensor


def _initial_states(model: Model) -> dict[int, Array]:
    tensors = model.main.tensors
    return {
        index: stored
        for index, tensor in enumerate(tensors)
        if tensor.is_variable and (stored := stored_values(tensor)) is not None
    }
