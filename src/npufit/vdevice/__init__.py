"""Virtual NPUs that the user space of real drivers can open."""

from npufit.vdevice.device import Caller, Device, DeviceFile, Job, Observer, Refusal

__all__ = ["Caller", "Device", "DeviceFile", "Job", "Observer", "Refusal"]
