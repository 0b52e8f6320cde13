"""The functional simulator: executes the operations of a program in order, on memory that the caller provides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

import numpy as np

from npufit.errors import InputError
from npufit.ethosu.arrays import CONSTANTS, SHRAM, Memory
from npufit.ethosu.convolution import ConvolutionStep, Encoded
from npufit.ethosu.decoding import decode
from npufit.ethosu.elementwise import plan_elementwise
from npufit.ethosu.feature_maps import footprint
from npufit.ethosu.operations import (
    BlockOperation,
    Convolution,
    Elementwise,
    Operation,
    Pooling,
    Transfer,
    read_operations,
)
from npufit.ethosu.pooling import plan_pool
from npufit.ethosu.program import Program
from npufit.ethosu.sanitizer import SanitizerFinding, inspect
from npufit.ethosu.scaling import UNBUFFERED_VALUES
from npufit.ethosu.statistics import Statistics, measure
from npufit.ethosu.transfer import transfer
from npufit.ethosu.weight_streams import Weights, decode_streams


class Listener(Protocol):
    """Receives every executed operation; `memory` holds its result."""

    def executed(self, operation: Operation, memory: Memory) -> None:
        """Note that `operation` was executed."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """The findings and statistics of an execution."""

    findings: tuple[SanitizerFinding, ...]
    statistics: Statistics


Step = Callable[[Memory], None]


class Machine:
    """A program that is ready to run: stream and weights are decoded, every operation is planned."""

    def __init__(self, program: Program, *, sanitize: bool = True) -> None:
        """Decode and plan `program`. Raises InputError for a stream with reserved or truncated encodings.

        Operations that address bytes outside their region or have absurd sizes are findings, and nothing is executed
        from there on, whether or not the rest is to be sanitized.
        """
        self.program = program
        self.operations = read_operations(decode(program.stream))
        self._constants = np.frombuffer(program.constants, np.uint8)
        inspection = inspect(self.operations, program, sanitize=False)
        self.fatal = inspection.fatal
        """What ends every execution before its end; empty if all operations are executed."""
        self._planned = self.operations[: inspection.executable]
        self._steps: list[Step] = [_plan(operation, program) for operation in self._planned]
        self._statistics = measure(self._planned)
        with ThreadPoolExecutor(1) as beside:
            found = self._find_weights()
            decoding = beside.submit(decode_streams, [part for _, encoded in found for part in encoded[0]])
            if sanitize:  # while other processes decode
                inspection = inspect(self.operations, program)
            self._findings = inspection.findings
            self._prepare(found, decoding.result())

    def run(self, memory: Memory, *, listeners: Sequence[Listener] = ()) -> Run:
        """Execute the program in `memory`, which has the bytes of every writable region and keeps the results.

        Region 0 is the program's own unless `memory` has one. Raises InputError if a region is missing or too small, or
        if weights that the program computes cannot be decoded.
        """
        whole = self._memory(memory)
        buffered = np.setbufsize(UNBUFFERED_VALUES)
        try:
            for operation, step in zip(self._planned, self._steps, strict=True):
                step(whole)
                for listener in listeners:
                    listener.executed(operation, whole)
        finally:
            np.setbufsize(buffered)
        return Run(self._findings, self._statistics)

    def _memory(self, given: Memory) -> Memory:
        for region, size in self.program.region_bytes:
            if size and (region not in given or given[region].size < size):
                raise InputError(f"Region {region} must have {size} bytes.")
        shram = np.zeros(self.program.shram_bytes, np.uint8)
        return {CONSTANTS: self._constants, **given, SHRAM: shram}

    def _find_weights(self) -> list[tuple[ConvolutionStep, Encoded]]:
        """Return the compressed weights that transfers copy from the constants, or that are used in place.

        Transfers copy marks, too: where a convolution finds nothing else, nothing but constants can be there.
        """
        memory, marks = (
            self._memory({region: np.zeros(size, np.uint8) for region, size in self.program.region_bytes})
            for _ in range(2)
        )
        marks[CONSTANTS] = np.ones_like(memory[CONSTANTS])
        found: list[tuple[ConvolutionStep, Encoded]] = []
        for operation, step in zip(self._planned, self._steps, strict=True):
            if isinstance(operation, Transfer):
                step(memory)
                step(marks)
            elif isinstance(step, ConvolutionStep):
                encoded = step.encoded(memory)
                if all(any(part) for part in encoded[0]):
                    found.append((step, encoded))
                if all(map(all, chain(*step.encoded(marks)))):
                    step.rely_on(self._constants)
            if isinstance(operation, BlockOperation):
                for part in footprint(operation.ofm):
                    part.view(marks[part.region])[...] = 0
        return found

    def _prepare(self, found: Sequence[tuple[ConvolutionStep, Encoded]], decoded: Sequence[Weights | None]) -> None:
        """Give every convolution its weights."""
        streams = iter(decoded)
        for step, encoded in found:
            with suppress(InputError):  # what is there now may not be what is there when it is used
                step.prepare(encoded, tuple(next(streams) for _ in encoded[0]))


def _plan(operation: Operation, program: Program) -> Step:
    match operation:
        case Convolution():
            return ConvolutionStep(operation, 4 if program.accelerator == "ethos-u55-32" else 8)
        case Pooling():
            return plan_pool(operation)
        case Elementwise():
            return plan_elementwise(operation)
        case Transfer():
            return partial(transfer, operation)
        case _:
            return _nothing


def _nothing(memory: Memory) -> None:
    """Do what waits and the end of a stream do to memory: nothing."""
