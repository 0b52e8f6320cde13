"""A program that uses the ethosu driver, as structs: what Mesa does, in Python."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Mapping

from npufit.ethosu import COEFFICIENTS_REGION, IO_REGION, CapturedSubmission
from npufit.vdevice import Caller, DeviceFile, ProcessMemory

OWN_MEMORY = ProcessMemory(os.getpid())
DRIVER_CALLS = 0x40
_PAYLOAD = 0x4000
_LEFT_OUT = (0x02, 0x10, 0x11, 0x12)
"""CONV, DMA_START, DMA_WAIT, KERNEL_WAIT."""


def request(number: int, size: int, direction: int = 3) -> int:
    """Return the number of a DRM call, as _IOC makes it."""
    return direction << 30 | size << 16 | ord("d") << 8 | number


class Client:
    """Speaks the calls on one open file of a device; arguments live in this process."""

    def __init__(self, file: DeviceFile, caller: Caller = OWN_MEMORY) -> None:
        self.file = file
        self.caller = caller

    def call(self, number: int, form: str, *values: int) -> tuple[int, ...]:
        """Return the fields of a struct after the call."""
        argument = ctypes.create_string_buffer(struct.pack(form, *values), struct.calcsize(form))
        self.file.ioctl(request(number, len(argument)), ctypes.addressof(argument), self.caller)
        return struct.unpack(form, argument.raw)

    def version(self) -> tuple[tuple[int, ...], str]:
        name = ctypes.create_string_buffer(16)
        fields = self.call(0x00, "<4I6Q", 0, 0, 0, 0, 16, ctypes.addressof(name), 0, 0, 0, 0)
        return fields[:3], name.raw[: fields[4]].decode()

    def close_handle(self, handle: int) -> None:
        argument = ctypes.create_string_buffer(struct.pack("<2I", handle, 0), 8)
        self.file.ioctl(request(0x09, 8, 1), ctypes.addressof(argument), self.caller)

    def query(self) -> tuple[int, int, int]:
        info = (ctypes.c_uint32 * 3)()
        self.call(DRIVER_CALLS, "<2IQ", 0, ctypes.sizeof(info), ctypes.addressof(info))
        return tuple(info)

    def create(self, size: int, flags: int = 0) -> tuple[int, int]:
        """Return the handle of a new buffer and its size."""
        size, _, handle = self.call(DRIVER_CALLS + 1, "<Q2I", size, flags, 0)
        return handle, size

    def wait(self, handle: int, deadline_ns: int = (1 << 63) - 1) -> None:
        self.call(DRIVER_CALLS + 2, "<2Iq", handle, 0, deadline_ns)

    def offset(self, handle: int) -> int:
        return self.call(DRIVER_CALLS + 3, "<2IQ", handle, 0, 0)[2]

    def map(self, handle: int, size: int) -> mmap.mmap:
        return mmap.mmap(self.file.descriptor, size, offset=self.offset(handle))

    def fill(self, data: bytes) -> int:
        """Return the handle of a new buffer with `data`."""
        handle, _ = self.create(len(data))
        with self.map(handle, len(data)) as mapped:
            mapped[:] = data
        return handle

    def create_stream(self, words: bytes) -> int:
        data = ctypes.create_string_buffer(words, len(words))
        return self.call(DRIVER_CALLS + 4, "<2IQ2I", len(words), 0, ctypes.addressof(data), 0, 0)[3]

    def submit(self, stream: int, handles: Mapping[int, int], sram_bytes: int = 0) -> None:
        job = struct.pack("<10I", stream, sram_bytes, *(handles.get(region, 0) for region in range(8)))
        jobs = ctypes.create_string_buffer(job, len(job))
        self.call(DRIVER_CALLS + 5, "<Q2I", ctypes.addressof(jobs), 1, 0)

    def replay(self, captured: CapturedSubmission) -> bytes:
        """Submit what was captured, and return the content of the IO buffer afterwards."""
        contents = {region: captured.buffer(region) for region in (COEFFICIENTS_REGION, IO_REGION)}
        handles = {region: self.fill(data) for region, data in contents.items() if data}
        self.submit(self.create_stream(captured.stream), handles, captured.sizes.sram_bytes)
        size = len(contents[IO_REGION])
        with self.map(handles[IO_REGION], size) as mapped:
            return mapped[:]


def elementwise_alone(stream: bytes) -> bytes:
    """Return a captured stream without transfers and convolutions: it needs no coefficients, and is planned fast."""
    kept: list[int] = []
    words = iter(struct.unpack(f"<{len(stream) // 4}I", stream))
    for word in words:
        if word & _PAYLOAD:
            kept += (word, next(words))
        elif word & 0xFFFF not in _LEFT_OUT:
            kept.append(word)
    return struct.pack(f"<{len(kept)}I", *kept)
