"""The device: what a chip says of its Ethos-U65, and one NPU for all files."""

from __future__ import annotations

from npufit.ethosu import accelerator_of
from npufit.vdevice.buffers import Budget
from npufit.vdevice.device import Observer
from npufit.vdevice.drivers.ethosu.file import EthosuFile
from npufit.vdevice.drivers.ethosu.npu import Npu
from npufit.vdevice.drivers.ethosu.structs import NpuInfo
from npufit.vdevice.drm import DrmDevice
from npufit.vdevice.identity import Identity
from npufit.vdevice.options import DeviceOptions


def make_device(identity: Identity, observer: Observer, options: DeviceOptions) -> DrmDevice:
    """Return a device with the registers ID and CONFIG and the SRAM of a chip. Raises InputError if they are wrong."""
    info = NpuInfo(identity.register("id"), identity.register("config"), identity.bytes("sram"))
    npu = Npu(accelerator_of(info.config), info.sram_size, observer, sanitize=options.sanitize)

    def open_file(budget: Budget) -> EthosuFile:
        return EthosuFile(observer, budget, npu, info, options.kernel)

    return DrmDevice(EthosuFile.driver, identity.text("node"), open_file)
