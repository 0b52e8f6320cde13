"""The six calls of the ethosu driver. (Linux `drivers/accel/ethosu/ethosu_drv.c`, `ethosu_gem.c`, `ethosu_job.c`.)"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Mapping
from typing import ClassVar

from npufit.ethosu import LARGEST_STREAM_BYTES, KernelVersion, Submission
from npufit.vdevice.buffers import Budget, Buffer
from npufit.vdevice.device import Caller, Job, Observer
from npufit.vdevice.drivers.ethosu.npu import Npu
from npufit.vdevice.drivers.ethosu.streams import Stream
from npufit.vdevice.drivers.ethosu.structs import (
    NO_MMAP,
    NPU_INFO,
    BoCreate,
    BoMmapOffset,
    BoWait,
    CmdstreamBoCreate,
    DevQuery,
    NpuInfo,
    Submit,
    SubmittedJob,
)
from npufit.vdevice.drm import Call, Driver, DrmFile, refuse

_WORD_BYTES = 4
_LARGEST_INFO_BYTES = 1 << 16
_MOST_JOBS = 1 << 12
_JOB_BYTES = ctypes.sizeof(SubmittedJob)


class EthosuFile(DrmFile):
    """One open of the device. A stream is a buffer that cannot be mapped; its words are kept beside."""

    driver = Driver("ethosu", "Arm Ethos-U Accel driver")

    def __init__(
        self, observer: Observer, budget: Budget, npu: Npu, info: NpuInfo, kernel: KernelVersion | None
    ) -> None:
        """Open the file; `info` is what the program learns of the chip."""
        super().__init__(observer, budget)
        self._npu = npu
        self._info = bytes(info)
        self._kernel = kernel
        self._streams: dict[Buffer, Stream] = {}

    def close(self) -> None:
        """Release the memory, and what is planned."""
        for stream in tuple(self._streams.values()):
            self._npu.forget(stream)
        super().close()

    def discard(self, buffer: Buffer, caller: Caller) -> None:
        """Free a buffer that lost its handle, and its stream."""
        super().discard(buffer, caller)
        if stream := self._streams.pop(buffer, None):
            self._npu.forget(stream)

    def query(self, asked: DevQuery, caller: Caller) -> None:
        """Answer DEV_QUERY. A larger struct than the driver's is filled with zeros, as `copy_struct_to_user` does."""
        if asked.type != NPU_INFO:
            raise refuse(errno.EINVAL)
        if not asked.pointer:
            asked.size = len(self._info)
            return
        if asked.size < len(self._info):
            raise refuse(errno.EINVAL)
        if asked.size > _LARGEST_INFO_BYTES:
            raise refuse(errno.EFAULT)
        caller.write(asked.pointer, self._info.ljust(asked.size, b"\0"))

    def create(self, asked: BoCreate, caller: Caller) -> None:
        """Answer BO_CREATE."""
        if not asked.size:
            raise refuse(errno.EINVAL, "a buffer of 0 bytes")
        if asked.flags & ~NO_MMAP:
            raise refuse(errno.EINVAL)
        asked.handle, buffer = self.create_buffer(asked.size, caller, mappable=not asked.flags & NO_MMAP)
        asked.size = buffer.size

    def await_jobs(self, asked: BoWait, _caller: Caller) -> None:
        """Answer BO_WAIT."""
        if asked.pad:
            raise refuse(errno.EINVAL)
        self.wait(self.buffer(asked.handle, errno.EINVAL), asked.timeout_ns)

    def mmap_offset(self, asked: BoMmapOffset, _caller: Caller) -> None:
        """Answer BO_MMAP_OFFSET."""
        if asked.pad:
            raise refuse(errno.EINVAL)
        asked.offset = self.buffer(asked.handle).mmap_offset

    def create_stream(self, asked: CmdstreamBoCreate, caller: Caller) -> None:
        """Answer CMDSTREAM_BO_CREATE."""
        if not asked.size or not asked.data or asked.pad or asked.flags:
            raise refuse(errno.EINVAL)
        if asked.size > LARGEST_STREAM_BYTES:
            raise refuse(errno.ENOMEM)
        stream = Stream(caller.read(asked.data, asked.size // _WORD_BYTES * _WORD_BYTES), self._kernel)
        stream.check_creation(self.observer)
        with self.changed:
            asked.handle, buffer = self.create_buffer(asked.size, caller, mappable=False)
            self._streams[buffer] = stream

    def submit(self, asked: Submit, caller: Caller) -> None:
        """Answer SUBMIT: when it returns, the jobs are done, those before a refused one too."""
        if asked.pad:
            raise refuse(errno.EINVAL)
        if asked.job_count > _MOST_JOBS:
            raise refuse(errno.ENOMEM)
        data = caller.read(asked.jobs, asked.job_count * _JOB_BYTES)
        for start in range(0, len(data), _JOB_BYTES):
            self._run(SubmittedJob.from_buffer_copy(data, start))

    def _run(self, submitted: SubmittedJob) -> None:
        handles = {region: handle for region, handle in enumerate(submitted.region_bo_handles) if handle}
        with self.changed:
            stream = self._streams.get(self.buffer(submitted.cmd_bo))
            buffers = {region: self.buffer(handle) for region, handle in handles.items()}
            if stream is None or any(buffer in self._streams for buffer in buffers.values()):
                raise refuse(errno.EINVAL, "a buffer is given for a stream, or a stream for a buffer")
            sizes = tuple((region, buffer.size) for region, buffer in buffers.items())
            memory = {region: self.memory.view(buffer) for region, buffer in buffers.items()}
            for buffer in buffers.values():
                buffer.jobs += 1
        try:
            submission = Submission(sizes, submitted.sram_size, self._npu.sram_bytes)
            stream.check_submission(submission, self.observer)
            job = Job(
                number=0,
                stream=stream.words,
                memory=memory,
                sram_bytes=submitted.sram_size,
                asked_bytes={region: buffer.asked for region, buffer in buffers.items()},
                handles=handles,
                stream_handle=submitted.cmd_bo,
                descriptor=self.descriptor,
            )
            self._npu.execute(stream, job)
        finally:
            with self.changed:
                for buffer in buffers.values():
                    buffer.jobs -= 1
                self.changed.notify_all()

    calls: ClassVar[Mapping[int, Call]] = {
        0x00: Call("DEV_QUERY", DevQuery, query),
        0x01: Call("BO_CREATE", BoCreate, create, is_vital=True),
        0x02: Call("BO_WAIT", BoWait, await_jobs),
        0x03: Call("BO_MMAP_OFFSET", BoMmapOffset, mmap_offset),
        0x04: Call("CMDSTREAM_BO_CREATE", CmdstreamBoCreate, create_stream, is_vital=True),
        0x05: Call("SUBMIT", Submit, submit, is_vital=True),
    }
