"""The structs of the ethosu driver (Linux 6.19 to 7.2, `include/uapi/drm/ethosu_accel.h`).

7.3 adds performance monitors; a program that asks for them gets EINVAL, as from 7.2.
"""

from __future__ import annotations

import ctypes

from npufit.vdevice.layouts import S64, U32, U64, Struct, layout

NO_MMAP = 1
NPU_INFO = 0
REGIONS = 8


@layout
class NpuInfo(Struct):
    """What DEV_QUERY tells."""

    id: U32
    config: U32
    sram_size: U32


@layout
class DevQuery(Struct):
    """DEV_QUERY: without a `pointer` it asks for the size alone."""

    type: U32
    size: U32
    pointer: U64


@layout
class BoCreate(Struct):
    """BO_CREATE."""

    size: U64
    flags: U32
    handle: U32


@layout
class BoWait(Struct):
    """BO_WAIT; the time is absolute, on the monotonic clock."""

    handle: U32
    pad: U32
    timeout_ns: S64


@layout
class BoMmapOffset(Struct):
    """BO_MMAP_OFFSET."""

    handle: U32
    pad: U32
    offset: U64


@layout
class CmdstreamBoCreate(Struct):
    """CMDSTREAM_BO_CREATE: `size` bytes at `data` are copied."""

    size: U32
    flags: U32
    data: U64
    handle: U32
    pad: U32


@layout
class Submit(Struct):
    """SUBMIT: `job_count` structs `SubmittedJob` at `jobs`."""

    jobs: U64
    job_count: U32
    pad: U32


class SubmittedJob(ctypes.LittleEndianStructure):
    """A stream, its SRAM, and the handle of each region's buffer, 0 for none."""

    cmd_bo: int
    sram_size: int
    region_bo_handles: ctypes.Array[ctypes.c_uint32]
    _fields_ = (
        ("cmd_bo", ctypes.c_uint32),
        ("sram_size", ctypes.c_uint32),
        ("region_bo_handles", ctypes.c_uint32 * REGIONS),
    )
