"""What compiled files and captures share: calls of the NPU on the simulator, with operators on the CPU between them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from npufit.ethosu import Listener, Machine, Operation, Program, SanitizerFinding
from npufit.execution.partial import LeftOut
from npufit.execution.progress import OperationCounter, Progress
from npufit.execution.reuse import Reuse
from npufit.execution.segment import Segment
from npufit.execution.steps import Step, run_steps
from npufit.execution.values import Array, Values
from npufit.graph import Model

Memory = dict[int, npt.NDArray[np.uint8]]
"""The regions of the NPU's address space, by number."""


class NpuCall(Step):
    """One call of the NPU; `findings` are the sanitizer's in the last run."""

    def __init__(self, program: Program) -> None:
        """Prepare `program`. Raises InputError if it cannot be executed."""
        self._machine = Machine(program)
        self.findings: tuple[SanitizerFinding, ...] = ()
        self.listeners: tuple[Listener, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations of the stream."""
        return self._machine.operations

    @abstractmethod
    def run(self, values: Values) -> dict[int, Array]:
        """Return the tensors that the call writes."""

    def observe(self, values: Values) -> dict[int, Array]:
        """Return what `run` does: listeners see the tensors inside the call."""
        return self.run(values)

    def execute(self, memory: Memory) -> None:
        """Run the stream on `memory`."""
        self.findings = self._machine.run(memory, listeners=self.listeners).findings


class SteppedModel:
    """A model as steps, some of them `npu_calls`. It can be run any number of times."""

    def __init__(self, model: Model, steps: Iterable[Step], progress: Progress) -> None:
        """Take the `steps` that compute `model`, in order."""
        self._model = model
        self._steps = tuple(steps)
        self.npu_calls = tuple(step for step in self._steps if isinstance(step, NpuCall))
        self._counter = OperationCounter(progress, sum(len(call.operations) for call in self.npu_calls))
        self.listen(())

    @property
    def partitions(self) -> int:
        """Number of calls of the NPU."""
        return len(self.npu_calls)

    @property
    def findings(self) -> tuple[tuple[int, SanitizerFinding], ...]:
        """The sanitizer's findings in the last run: the number of the call and the finding."""
        return tuple((number, finding) for number, call in enumerate(self.npu_calls) for finding in call.findings)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The operators for the CPU that LiteRT cannot execute; their outputs are made up."""
        return tuple(entry for segment in self.segments for entry in segment.left_out)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The runs of operators for the CPU."""
        return tuple(step for step in self._steps if isinstance(step, Segment))

    def run(self, inputs: Values, reuse: Reuse | None = None) -> dict[int, Array]:
        """Return by tensor index the inputs and what leaves a step: the model's outputs are among it.

        With `reuse`, operators for the CPU are computed only where the reference kernels had other bytes.
        """
        self._counter.restart()
        computes = (
            reuse.around(step) if reuse is not None and isinstance(step, Segment) else step.run for step in self._steps
        )
        return run_steps(self._model, computes, inputs)

    def observe(self, inputs: Values) -> dict[int, Array]:
        """Return what `run` does, and every tensor that an operator for the CPU writes."""
        self._counter.restart()
        return run_steps(self._model, (step.observe for step in self._steps), inputs)

    def listen(self, listeners: Sequence[Listener]) -> None:
        """Let one listener per call observe the operations of the following runs; none ends that."""
        for number, call in enumerate(self.npu_calls):
            call.listeners = (listeners[number], self._counter) if listeners else (self._counter,)
