"""The `rocket` driver of the RK3588's NPU, for placement: buffers are real, jobs are refused visibly.

(Linux 6.18, `include/uapi/drm/rocket_accel.h`, `drivers/accel/rocket/rocket_gem.c`.)
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import ClassVar

from npufit.vdevice.device import Caller, Observer
from npufit.vdevice.drm import Call, Driver, DrmDevice, DrmFile, refuse
from npufit.vdevice.identity import Identity
from npufit.vdevice.layouts import S64, U32, U64, Struct, layout
from npufit.vdevice.options import DeviceOptions
from npufit.vdevice.placement_only import refuse_job

_ADDRESS_MASK = (1 << 32) - 1


@layout
class CreateBo(Struct):
    """CREATE_BO."""

    size: U32
    handle: U32
    dma_address: U64
    offset: U64


@layout
class Submit(Struct):
    """SUBMIT."""

    jobs: U64
    job_count: U32
    job_struct_size: U32
    reserved: U64


@layout
class PrepBo(Struct):
    """PREP_BO; the time is absolute, on the monotonic clock."""

    handle: U32
    reserved: U32
    timeout_ns: S64


@layout
class FiniBo(Struct):
    """FINI_BO."""

    handle: U32
    reserved: U32


class RocketFile(DrmFile):
    """One open of the device."""

    driver = Driver("rocket", "rocket DRM", (0, 0, 0))

    def create(self, asked: CreateBo, caller: Caller) -> None:
        """Answer CREATE_BO; the NPU's address of a buffer has 32 bits, as its registers."""
        if not asked.size:
            raise refuse(errno.EINVAL)
        asked.handle, buffer = self.create_buffer(asked.size, caller)
        asked.dma_address = buffer.start & _ADDRESS_MASK
        asked.offset = buffer.mmap_offset

    def prepare(self, asked: PrepBo, _caller: Caller) -> None:
        """Answer PREP_BO."""
        if asked.reserved:
            raise refuse(errno.EINVAL)
        self.wait(self.buffer(asked.handle), asked.timeout_ns)

    def finish(self, asked: FiniBo, _caller: Caller) -> None:
        """Answer FINI_BO."""
        if asked.reserved:
            raise refuse(errno.EINVAL)
        self.buffer(asked.handle)

    calls: ClassVar[Mapping[int, Call]] = {
        0x00: Call("CREATE_BO", CreateBo, create, is_vital=True),
        0x01: Call("SUBMIT", Submit, refuse_job),
        0x02: Call("PREP_BO", PrepBo, prepare),
        0x03: Call("FINI_BO", FiniBo, finish),
    }


def make_device(identity: Identity, observer: Observer, _options: DeviceOptions) -> DrmDevice:
    """Return a device for placement. Raises InputError if the chip's values are wrong."""
    return DrmDevice(RocketFile.driver, identity.text("node"), lambda budget: RocketFile(observer, budget))
