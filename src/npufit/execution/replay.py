"""Executing a capture: its submissions on the simulator, the operators between them in the reference kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from npufit.errors import InputError
from npufit.ethosu import IO_REGION, SRAM_REGION, Program
from npufit.execution.capture import CapturedPartition
from npufit.execution.npu_calls import NpuCall, SteppedModel
from npufit.execution.progress import Progress, Stage, ignore_progress
from npufit.execution.reuse import Reuse, shared_segments
from npufit.execution.segment import Segment
from npufit.execution.slots import Origin, read_feature_maps, writers_of
from npufit.execution.steps import Step
from npufit.execution.values import Array, Values
from npufit.graph import NO_TENSOR, Model
from npufit.litert import TIME_LIMIT_S


class Replay(SteppedModel):
    """A loaded capture that can be run any number of times."""

    def __init__(
        self,
        model: Model,
        partitions: Sequence[CapturedPartition],
        progress: Progress = ignore_progress,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        """Load the partitions; `time_limit_s` is for each load and run of LiteRT.

        Raises InputError if they do not add up to an inference of `model`.
        """
        self._submissions: list[_Submission] = []
        for number, partition in enumerate(partitions):
            progress(Stage.LOAD, number, len(partitions))
            self._submissions.append(_Submission(model, partition))
        super().__init__(model, _order(model, self._submissions, time_limit_s), progress)
        own = {index: index for index in range(len(model.main.tensors))}
        self._shared = shared_segments(self.segments, model, model, own)

    @property
    def shared_tensors(self) -> tuple[int, ...]:
        """The tensors whose values by the reference kernels may save work (`run_beside`)."""
        return tuple(dict.fromkeys(index for segment in self._shared for index in (*segment.inputs, *segment.leaving)))

    def run_beside(self, inputs: Values, results: Values) -> tuple[dict[int, Array], int]:
        """Return what `run` does, and how many runs of CPU operators took `results` of the reference kernels."""
        reuse = Reuse(self._shared, {**inputs, **results})
        return self.run(inputs, reuse), reuse.count

    def origin(self, tensor: int) -> Origin | None:
        """Return what wrote `tensor`, None if no partition did."""
        for number, call in enumerate(self._submissions):
            if tensor in (slot.tensor for slot in call.layout.slots) and tensor not in call.layout.inputs:
                return Origin(number, call.operations_writing(tensor))
        return None

    @property
    def in_bricks(self) -> dict[int, Array]:
        """Tensors that left a partition of the last run in bricks, read in that order."""
        return {tensor: values for call in self._submissions for tensor, values in call.in_bricks.items()}


class _Submission(NpuCall):
    """One partition: its inputs are written to its IO buffer, its feature maps are read from there."""

    def __init__(self, model: Model, partition: CapturedPartition) -> None:
        submission = partition.submission
        self._model, self._submission, self.layout = model, submission, partition.layout
        program = Program(
            submission.stream,
            submission.coefficients,
            ((IO_REGION, len(submission.io)), (SRAM_REGION, submission.sram_bytes)),
            inputs=tuple(
                (IO_REGION, slot.offset, model.main.tensors[slot.tensor].size_bytes)
                for slot in partition.layout.entering
            ),
        )
        super().__init__(program)
        self.in_bricks: dict[int, Array] = {}

    def run(self, values: Values) -> dict[int, Array]:
        io = np.frombuffer(self._submission.io, np.uint8).copy()
        for slot in self.layout.entering:
            data = np.frombuffer(values[slot.tensor].tobytes(), np.uint8)
            io[slot.offset : slot.offset + data.size] = data
        memory = {IO_REGION: io, SRAM_REGION: np.zeros(self._submission.sram_bytes, np.uint8)}
        self.execute(memory)
        found, self.in_bricks = read_feature_maps(self._model, self.layout, io)
        return found  # all of them: Mesa's driver reuses no memory

    def operations_writing(self, tensor: int) -> tuple[str, ...]:
        """Return the operations of the stream that write `tensor`."""
        return tuple(map(str, writers_of(self.layout, self.operations).get(tensor, ())))


def _order(model: Model, calls: Sequence[_Submission], time_limit_s: float) -> Iterator[Step]:
    """Yield the submissions in order, and before each the operators that it waits for.

    Raises InputError if nothing before a submission computes its inputs.
    """
    main = model.main
    on_npu = {operator for call in calls for operator in call.layout.operators}
    waiting = [index for index in range(len(main.operators)) if index not in on_npu]
    known = set(main.inputs) | {index for index in range(len(main.tensors)) if _is_there(model, index)}
    for call in calls:
        ready = _runnable(model, waiting, known)
        if ready:
            yield Segment(model, ready, time_limit_s)
            waiting = [index for index in waiting if index not in ready]
        missing = [tensor for tensor in call.layout.inputs if tensor not in known]
        if missing:
            raise InputError(
                f"{model.name}: a submission reads tensor {missing[0]}, which nothing before it writes. "
                "Is the capture of this model?"
            )
        known.update(tensor for index in call.layout.operators for tensor in main.operators[index].outputs)
        yield call
    if waiting:
        yield Segment(model, waiting, time_limit_s)


def _is_there(model: Model, index: int) -> bool:
    tensor = model.main.tensors[index]
    return tensor.is_constant or tensor.is_variable or tensor.element_count == 0


def _runnable(model: Model, waiting: Sequence[int], known: set[int]) -> list[int]:
    """Return the operators that can run now, and add their outputs to `known`."""
    ready: list[int] = []
    for index in waiting:
        operator = model.main.operators[index]
        if all(tensor == NO_TENSOR or tensor in known for tensor in operator.inputs):
            ready.append(index)
            known.update(operator.outputs)
    return ready
