"""A compiled model with the inputs and outputs of its source model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod

import numpy as np

from npufit.errors import InputError
from npufit.ethosu import SanitizerFinding
from npufit.execution import (
    Array,
    CompiledModel,
    FeatureMaps,
    LeftOut,
    Origin,
    Reuse,
    Values,
    in_source_terms,
    shared_segments,
)
from npufit.graph import Model, wire
from npufit.graph.arrays import dtype_of
from npufit.stacks.vela import DebugDatabase, read_label

Compute = Callable[[Values], dict[int, Array]]


class Translated:
    """A compiled model with the inputs and outputs of its source model."""

    def __init__(
        self,
        runner: CompiledModel,
        compiled: Model,
        source: Model,
        ties: Mapping[int, int],
        database: DebugDatabase | None,
    ) -> None:
        self._writes = database.writes if database and database.stream_count == runner.partitions else ()
        self._runner, self._compiled, self._source, self._ties = runner, compiled, source, ties
        self._inputs = pair_ends(compiled.main.inputs, source.main.inputs, ties, f"{compiled.name}: inputs")
        self._outputs = pair_ends(compiled.main.outputs, source.main.outputs, ties, f"{compiled.name}: outputs")
        every = {**ties, **self._inputs, **self._outputs}
        self._shared = shared_segments(runner.segments, compiled, source, every)
        crossing = (index for segment in self._shared for index in (*segment.inputs, *segment.leaving))
        self._shared_ties = {index: every[index] for index in crossing if index in every}

    @property
    def partitions(self) -> int:
        return self._runner.partitions

    @property
    def findings(self) -> tuple[tuple[int, SanitizerFinding], ...]:
        return self._runner.findings

    @property
    def in_bricks(self) -> Values:
        return {}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The operators of the source model that are not executed, without those that Vela inserted."""
        producer = wire(self._source.main).producer
        found: dict[int, LeftOut] = {}
        for entry in self._runner.left_out:
            for tensor in self._compiled.main.operators[entry.operator].outputs:
                own = {**self._ties, **self._outputs}.get(tensor)
                writer = None if own is None else producer[own]
                if writer is not None:
                    found[writer] = replace(entry, operator=writer)
        return tuple(found[index] for index in sorted(found))

    def run(self, inputs: Values) -> dict[int, Array]:
        """Return the tensors of the source model that leave a step: its outputs are among them."""
        return self._translate(self._runner.run, inputs)

    @property
    def shared_tensors(self) -> tuple[int, ...]:
        """The tensors of the source model whose values by the reference kernels may save work (`run_beside`)."""
        return tuple(dict.fromkeys(self._shared_ties.values()))

    def run_beside(self, inputs: Values, results: Values) -> tuple[dict[int, Array], int]:
        """Return what `run` does, and how many runs of CPU operators took `results` of the reference kernels."""
        given = {**inputs, **results}
        ties = self._shared_ties.items()
        known = {own: self._in_its_shape(own, given[index]) for own, index in ties if index in given}
        reuse = Reuse(self._shared, known)
        return self._translate(lambda values: self._runner.run(values, reuse), inputs), reuse.count

    def _translate(self, compute: Compute, inputs: Values) -> dict[int, Array]:
        given = {own: np.reshape(inputs[index], self._shape(own)) for own, index in self._inputs.items()}
        values = compute(given)
        for own in self._compiled.main.outputs:
            tensor = self._compiled.main.tensors[own]
            if own not in values and tensor.is_constant:  # Vela computed it
                values[own] = np.frombuffer(tensor.buffer.data, dtype_of(tensor)).reshape(tensor.shape or ())
        return in_source_terms(values, self._compiled, self._source, {**self._ties, **self._inputs, **self._outputs})

    def observe(self, inputs: Values) -> dict[int, Array]:
        """Return every tensor outside the calls, and the feature maps inside them that Vela's debug database names."""
        listeners = [
            FeatureMaps(self._source, (write for write in self._writes if write.stream == number))
            for number in range(self._runner.partitions)
        ]
        self._runner.listen(listeners)
        try:
            values = self._translate(self._runner.observe, inputs)
        finally:
            self._runner.listen(())
        return {tensor: array for maps in listeners for tensor, array in maps.tensors().items()} | values

    def origin(self, tensor: int) -> Origin | None:
        """Return the operations that write `tensor`, if Vela's debug database names them."""
        for number, call in enumerate(self._runner.npu_calls):
            offsets = {write.offset for write in self._writes if (write.stream, write.tensor) == (number, tensor)}
            if offsets:
                return Origin(number, tuple(str(found) for found in call.operations if found.offset in offsets))
        return None

    def _in_its_shape(self, index: int, array: Array) -> Array:
        """Return `array` in the shape of the compiled tensor `index`; without one in the file, the kernel chose it."""
        shape = self._shape(index)
        return array.reshape(shape) if shape and array.size == prod(shape) else array

    def _shape(self, index: int) -> tuple[int, ...]:
        return self._compiled.main.tensors[index].shape or ()


def pair_ends(theirs: tuple[int, ...], own: tuple[int, ...], ties: Mapping[int, int], what: str) -> dict[int, int]:
    """Return the source tensor of each input or output: by label, otherwise by order."""
    tied = {index: ties[index] for index in theirs if ties.get(index) in own}
    if len(tied) == len(theirs):
        return tied
    if len(theirs) != len(own):
        raise InputError(
            f"{what}: there are {len(theirs)}, but the original has {len(own)}. Is it the right --original?"
        )
    return dict(zip(theirs, own, strict=True))


def ties_by_label(compiled: Model) -> dict[int, int]:
    """Return the source tensor of each tensor of a compiled model that npufit's labels name."""
    labels = ((index, read_label(tensor.name)) for index, tensor in enumerate(compiled.main.tensors))
    return {index: label[1] for index, label in labels if label is not None and label[0] == 0}
