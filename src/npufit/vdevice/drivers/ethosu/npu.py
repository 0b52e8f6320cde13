"""The NPU itself: one job at a time, on the simulator, in the memory of the device file."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from npufit.errors import InputError
from npufit.ethosu import COEFFICIENTS_REGION, SRAM_REGION, Machine, Program
from npufit.formatting import size
from npufit.vdevice.device import Job, Observer
from npufit.vdevice.drivers.ethosu.streams import Stream

if TYPE_CHECKING:
    from npufit.vdevice.device import Bytes

_LARGEST_JOB_BYTES = 512 << 20
"""The sanitizer keeps four bytes for each byte that a stream may write; networks at 640x640 need a fifth of this."""

_NONE = np.zeros(0, np.uint8)
_MOST_PLANS = 512
_MOST_PLANNED_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class _Layout:
    """The sizes of a job's writable regions; `sram_bytes` of region 2 are SRAM, which holds nothing at the start."""

    sizes: tuple[tuple[int, int], ...]
    sram_bytes: int

    @classmethod
    def of(cls, job: Job) -> _Layout:
        """Return the layout of `job`."""
        sizes = ((region, view.size) for region, view in sorted(job.memory.items()) if region != COEFFICIENTS_REGION)
        return cls(tuple(sizes), job.sram_bytes)

    @property
    def filled(self) -> tuple[tuple[int, int, int], ...]:
        """The (region, offset, size) that a program may have filled."""
        return tuple((region, 0, size) for region, size in self.sizes if region != SRAM_REGION or not self.sram_bytes)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A stream that is ready to run in regions of this layout, with the coefficients that it was planned with."""

    machine: Machine
    layout: _Layout

    @property
    def coefficients(self) -> Bytes:
        """The content of region 0."""
        return np.frombuffer(self.machine.program.constants, np.uint8)

    def fits(self, layout: _Layout, coefficients: Bytes) -> bool:
        """Return whether nothing has changed that the plan relies on."""
        return self.layout == layout and np.array_equal(_words(self.coefficients), _words(coefficients))


class Npu:
    """The one core of a device: files and threads take turns. What is planned is kept, the least used dropped."""

    def __init__(self, accelerator: str, sram_bytes: int, observer: Observer, *, sanitize: bool) -> None:
        """Start with nothing planned. `accelerator` is a name such as ethos-u65-256."""
        self.sram_bytes = sram_bytes
        self._accelerator = accelerator
        self._observer = observer
        self._sanitize = sanitize
        self._sram = np.zeros(sram_bytes, np.uint8)
        self._turn = threading.Lock()
        self._jobs = 0
        self._plans: OrderedDict[Stream, _Plan] = OrderedDict()

    def execute(self, stream: Stream, job: Job) -> None:
        """Execute `job`, whose memory has no SRAM yet; its number is given here.

        Raises InputError or ToolError if the simulator cannot execute it: the memory is stale then.
        """
        with self._turn:
            begin = time.perf_counter()
            memory = dict(job.memory)
            if job.sram_bytes:
                self._sram[:] = 0  # as after a pause; what earlier jobs left there is not to be relied on
                memory[SRAM_REGION] = self._sram[: job.sram_bytes]
            job = replace(job, number=self._jobs, memory=memory)
            self._jobs += 1
            self._observer.submitted(job)
            machine = self._planned(stream, job).machine
            run = machine.run({region: view for region, view in memory.items() if region != COEFFICIENTS_REGION})
            findings = tuple(map(str, run.findings))
            self._observer.executed(job, findings, time.perf_counter() - begin)

    def forget(self, stream: Stream) -> None:
        """Drop the plan of a stream that will not be submitted again."""
        stream.is_closed = True
        self._plans.pop(stream, None)

    def _planned(self, stream: Stream, job: Job) -> _Plan:
        """Return the plan of `stream` for `job`: the one of last time if it fits."""
        coefficients, layout = job.memory.get(COEFFICIENTS_REGION, _NONE), _Layout.of(job)
        plan = self._plans.pop(stream, None)
        if plan is None or not plan.fits(layout, coefficients):
            plan = self._plan(stream, coefficients, layout)
        self._plans[stream] = plan
        if stream.is_closed:  # while it was planned
            self._plans.pop(stream, None)
        while len(self._plans) > _MOST_PLANS or (len(self._plans) > 1 and self._planned_bytes > _MOST_PLANNED_BYTES):
            self._plans.popitem(last=False)
        return plan

    @property
    def _planned_bytes(self) -> int:
        return sum(plan.coefficients.size for plan in self._plans.values())

    def _plan(self, stream: Stream, coefficients: Bytes, layout: _Layout) -> _Plan:
        total = coefficients.size + sum(bytes_ for _, bytes_ in layout.sizes)
        if total > _LARGEST_JOB_BYTES:
            raise InputError(
                f"A job that uses {size(total)} was submitted; the virtual NPU executes jobs of at most "
                f"{size(_LARGEST_JOB_BYTES)}."
            )
        program = Program(stream.words, coefficients.tobytes(), layout.sizes, self._accelerator, layout.filled)
        try:
            machine = Machine(program, sanitize=self._sanitize)
        except InputError as error:
            raise _not_executable(str(error)) from None
        if machine.fatal:
            raise _not_executable(f"{machine.fatal[0].message}.")
        return _Plan(machine, layout)


def _not_executable(why: str) -> InputError:
    return InputError(f"The virtual NPU cannot execute a stream that was submitted. {why}")


def _words(data: Bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    return data.view(np.uint64)
