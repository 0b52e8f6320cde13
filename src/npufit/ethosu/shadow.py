"""The last writer and reader of every byte, and which of them may not be done yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.ethosu.accesses import Access
from npufit.ethosu.arrays import SHRAM
from npufit.ethosu.operations import BlockOperation, Operation, Transfer, Wait
from npufit.ethosu.program import Program

_NOBODY, _INITIAL, _FIRST = 0, 1, 2
"""Stamps: nothing wrote the byte; it held data at the start; from _FIRST on, operations by their index."""

_CONSTANTS = 0
_KERNELS_IN_FLIGHT = 2
_TRANSFERS_IN_FLIGHT = {"ethos-u55": 1, "ethos-u65": 2}
"""At most this many are started before the oldest is done (ethos-u-vela, architecture_features.py)."""

Stamps = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Conflict:
    """An access that comes too early: UNWRITTEN, or UNGUARDED because of the operation with index `earlier`."""

    kind: str
    access: Access
    earlier: int | None = None


class _Engine:
    """The kernels, or the transfers: each runs in order, in parallel with the other."""

    def __init__(self, in_flight: int) -> None:
        self._in_flight = in_flight
        self._running: list[int] = []
        self.done = _INITIAL
        """Everything with a stamp up to this one is done."""

    def start(self, stamp: int) -> None:
        self._running.append(stamp)
        self.wait(self._in_flight)

    def wait(self, outstanding: int) -> None:
        finished = self._running[: max(0, len(self._running) - outstanding)]
        if finished:
            self.done = finished[-1]
            del self._running[: len(finished)]


class Shadow:
    """The stamps of every byte. Writers carry their engine in the sign: transfers are negative."""

    def __init__(self, program: Program, sizes: dict[int, int]) -> None:
        """Start before the first operation, with the bytes that the program says hold data."""
        writable = {region: size for region, size in sizes.items() if region != _CONSTANTS}
        self._writers: dict[int, Stamps] = {region: np.zeros(size, np.int32) for region, size in writable.items()}
        self._kernel_readers: dict[int, Stamps] = {region: np.zeros_like(self._writers[region]) for region in writable}
        self._transfer_readers: dict[int, Stamps] = {
            region: np.zeros_like(self._writers[region]) for region in writable
        }
        self._kernels = _Engine(_KERNELS_IN_FLIGHT)
        product = program.accelerator.rsplit("-", 1)[0]
        self._transfers = _Engine(_TRANSFERS_IN_FLIGHT.get(product, 1))
        if program.inputs is None:
            for region, stamps in self._writers.items():
                if region != SHRAM:
                    stamps[:] = _INITIAL
        for region, offset, size in program.inputs or ():
            self._writers[region][offset : offset + size] = _INITIAL

    def execute(self, operation: Operation, touched: tuple[Access, ...]) -> Iterator[Conflict]:
        """Record `operation` and yield its conflicts, at most one per access."""
        if isinstance(operation, Wait):
            engine = self._kernels if operation.name == "KERNEL_WAIT" else self._transfers
            engine.wait(operation.outstanding)
            return
        if not isinstance(operation, BlockOperation | Transfer):
            return
        stamp = operation.index + _FIRST
        is_transfer = isinstance(operation, Transfer)
        own, other = (self._transfers, self._kernels) if is_transfer else (self._kernels, self._transfers)
        own.start(stamp)
        readers = self._transfer_readers if is_transfer else self._kernel_readers
        foreign = self._kernel_readers if is_transfer else self._transfer_readers
        sign = -1 if is_transfer else 1
        for access in touched:
            if access.area.region == _CONSTANTS:
                continue
            writers = access.area.view(self._writers[access.area.region])
            latest = int(writers.max() if is_transfer else -writers.min())
            if access.writes:
                latest = max(latest, int(access.area.view(foreign[access.area.region]).max()))
            if latest > other.done:
                yield Conflict("UNGUARDED", access, latest - _FIRST)
            elif not access.writes and not writers.all():
                yield Conflict("UNWRITTEN", access)
        for access in touched:
            if access.area.region == _CONSTANTS:
                continue
            if access.writes:
                access.area.view(self._writers[access.area.region])[...] = sign * stamp
            else:
                access.area.view(readers[access.area.region])[...] = stamp
