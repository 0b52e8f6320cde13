"""The `etnaviv` driver of Vivante's NPUs, for placement: buffers are real, jobs are refused visibly.

(Linux `include/uapi/drm/etnaviv_drm.h`, `drivers/gpu/drm/etnaviv/etnaviv_drv.c`.)
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import ClassVar

from npufit.vdevice.buffers import Budget
from npufit.vdevice.device import Caller, Observer
from npufit.vdevice.drm import Call, Driver, DrmDevice, DrmFile, refuse
from npufit.vdevice.identity import Identity
from npufit.vdevice.layouts import S64, U32, U64, Struct, layout
from npufit.vdevice.options import DeviceOptions
from npufit.vdevice.placement_only import refuse_job

_MOST_PIPES = 4
_PREPARE_OPERATIONS = 0x01 | 0x02 | 0x04
_NO_WAIT = 0x04
_BUFFER_FLAGS = 0x001F0000
_PARAMETERS = {
    0x01: "model",
    0x02: "revision",
    0x1B: "softpin-start",
    0x1C: "product",
    0x1D: "customer",
    0x1E: "eco",
}
"""The parameters that identify a core, by the name of the chip's fact."""

_FEATURES = (*range(0x03, 0x1B), *range(0x1F, 0x2C))
"""Features and sizes, answered with 0: libteflon takes them from its table of hardware, by the parameters above."""


@layout
class Param(Struct):
    """GET_PARAM."""

    pipe: U32
    param: U32
    value: U64


@layout
class GemNew(Struct):
    """GEM_NEW."""

    size: U64
    flags: U32
    handle: U32


@layout
class GemInfo(Struct):
    """GEM_INFO."""

    handle: U32
    pad: U32
    offset: U64


@layout
class CpuPrep(Struct):
    """GEM_CPU_PREP; the time is absolute, on the monotonic clock."""

    handle: U32
    op: U32
    seconds: S64
    nanoseconds: S64


@layout
class CpuFini(Struct):
    """GEM_CPU_FINI."""

    handle: U32
    flags: U32


@layout
class GemSubmit(Struct):
    """GEM_SUBMIT, up to the fields that are not looked at."""

    fence: U32
    pipe: U32


@layout
class WaitFence(Struct):
    """WAIT_FENCE."""

    pipe: U32
    fence: U32
    flags: U32
    pad: U32
    seconds: S64
    nanoseconds: S64


class EtnavivFile(DrmFile):
    """One open of the device. PM_QUERY_DOM is not answered: EINVAL ends the search for performance monitors."""

    driver = Driver("etnaviv", "etnaviv DRM", (1, 4, 0))

    def __init__(self, observer: Observer, budget: Budget, parameters: Mapping[int, int]) -> None:
        """Open the file; `parameters` are those of the one core."""
        super().__init__(observer, budget)
        self._parameters = parameters

    def get_parameter(self, asked: Param, _caller: Caller) -> None:
        """Answer GET_PARAM."""
        if asked.pipe >= _MOST_PIPES:
            raise refuse(errno.EINVAL)
        if asked.pipe:
            raise refuse(errno.ENXIO)
        if asked.param not in self._parameters:
            raise refuse(errno.EINVAL)
        asked.value = self._parameters[asked.param]

    def create(self, asked: GemNew, caller: Caller) -> None:
        """Answer GEM_NEW."""
        if asked.flags & ~_BUFFER_FLAGS or not asked.size:
            raise refuse(errno.EINVAL)
        asked.handle, _ = self.create_buffer(asked.size, caller)

    def inform(self, asked: GemInfo, _caller: Caller) -> None:
        """Answer GEM_INFO."""
        if asked.pad:
            raise refuse(errno.EINVAL)
        asked.offset = self.buffer(asked.handle).mmap_offset

    def prepare(self, asked: CpuPrep, _caller: Caller) -> None:
        """Answer GEM_CPU_PREP."""
        if asked.op & ~_PREPARE_OPERATIONS:
            raise refuse(errno.EINVAL)
        deadline = 0 if asked.op & _NO_WAIT else asked.seconds * 1_000_000_000 + asked.nanoseconds
        self.wait(self.buffer(asked.handle), deadline)

    def finish(self, asked: CpuFini, _caller: Caller) -> None:
        """Answer GEM_CPU_FINI."""
        if asked.flags:
            raise refuse(errno.EINVAL)
        self.buffer(asked.handle)

    def await_fence(self, asked: WaitFence, _caller: Caller) -> None:
        """Answer WAIT_FENCE: no job was accepted, so that none is waited for."""
        if asked.pad or asked.pipe >= _MOST_PIPES:
            raise refuse(errno.EINVAL)

    calls: ClassVar[Mapping[int, Call]] = {
        0x00: Call("GET_PARAM", Param, get_parameter),
        0x02: Call("GEM_NEW", GemNew, create, is_vital=True),
        0x03: Call("GEM_INFO", GemInfo, inform),
        0x04: Call("GEM_CPU_PREP", CpuPrep, prepare),
        0x05: Call("GEM_CPU_FINI", CpuFini, finish),
        0x06: Call("GEM_SUBMIT", GemSubmit, refuse_job),
        0x07: Call("WAIT_FENCE", WaitFence, await_fence),
    }


def make_device(identity: Identity, observer: Observer, _options: DeviceOptions) -> DrmDevice:
    """Return a device for placement. Raises InputError if the chip's values are wrong."""
    parameters = dict.fromkeys(_FEATURES, 0)
    parameters.update({number: identity.register(name) for number, name in _PARAMETERS.items()})
    return DrmDevice(
        EtnavivFile.driver, identity.text("node"), lambda budget: EtnavivFile(observer, budget, parameters)
    )
