"""What a virtual device is: the calls of a kernel driver, answered by a program.

A driver's user space opens a node, asks by ioctl, and maps memory. Here each open is a `DeviceFile` whose memory is a
memfd: its descriptor is what the program gets, so that mmap, dup and close need no help. Only open and ioctl have to be
brought here; how is the business of the ways in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from npufit.errors import NpufitError

    Bytes = npt.NDArray[np.uint8]


class Caller(Protocol):
    """The memory of the program that calls; pointers in arguments are addresses there."""

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes at `address`. Raises OSError (EFAULT) if they cannot be read."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """Write `data` at `address`. Raises OSError (EFAULT) if it cannot be written."""
        ...


@runtime_checkable
class MappingCaller(Caller, Protocol):
    """A caller of which is known what it has mapped: a buffer that it closes is kept as long as it can see it."""

    def maps(self, identity: tuple[int, int], start: int, end: int) -> bool:
        """Return whether bytes `start` to `end` of the file with this `identity` are mapped, in part or as a whole."""
        ...


class DeviceFile(Protocol):
    """One open of a device, with buffers and handles of its own."""

    @property
    def descriptor(self) -> int:
        """The memory of the file as a file descriptor of this process; the program gets a duplicate."""
        ...

    @property
    def identity(self) -> tuple[int, int]:
        """The st_dev and st_ino by which a duplicate is recognized."""
        ...

    def ioctl(self, request: int, argument: int, caller: Caller) -> int:
        """Return the answer to an ioctl; `argument` is an address in the memory of `caller`.

        Raises OSError with the errno that the program gets. Any request and any argument are safe.
        """
        ...

    def close(self) -> None:
        """Release the memory. What the program has mapped stays its own."""
        ...


class Device(Protocol):
    """A virtual device: `driver` is the name that the kernel's driver reports, `node` the path that programs open."""

    @property
    def driver(self) -> str: ...

    @property
    def node(self) -> str: ...

    def open(self) -> DeviceFile:
        """Return a new file of the device. Raises OSError if there are too many."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """A command stream as it was submitted, with the memory that it works on.

    `number` counts the submissions of the device from 0. `memory` has the buffer of each region as views: before the
    execution what was submitted, after it the results. Region 2 is the SRAM if `sram_bytes` is not 0.

    Buffers are whole pages; `asked_bytes` has the size that the program asked for, by region. `handles` are the
    buffers' handles by region, `stream_handle` that of the stream; they mean something within the file with the
    `descriptor`.
    """

    number: int
    stream: bytes
    memory: Mapping[int, Bytes]
    sram_bytes: int
    asked_bytes: Mapping[int, int]
    handles: Mapping[int, int]
    stream_handle: int
    descriptor: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that a Linux release refuses, or may refuse: `call` by its name, the errno's name, why in one line."""

    call: str
    errno: str
    why: str


class Observer(Protocol):
    """Sees what happens on a device, in the thread that answers the call."""

    def submitted(self, job: Job) -> None:
        """Note a job before it is executed."""
        ...

    def executed(self, job: Job, findings: tuple[str, ...], seconds: float) -> None:
        """Note a job after it was executed, with what the sanitizer found, one line each."""
        ...

    def refused(self, refusal: Refusal) -> None:
        """Note a call that the chosen kernel refuses; the program gets the errno."""
        ...

    def doubted(self, refusal: Refusal) -> None:
        """Note a call that the chosen kernel may refuse; it is unknown, so the call was answered."""
        ...

    def failed(self, error: NpufitError) -> None:
        """Note that the device itself cannot go on: whatever the program reads from now on is stale memory."""
        ...
