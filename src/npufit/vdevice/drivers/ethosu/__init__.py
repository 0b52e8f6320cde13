"""The `ethosu` driver of Linux 6.19 and later, for the Ethos-U65: streams are executed by the simulator."""

from npufit.vdevice.drivers.ethosu.device import make_device

__all__ = ["make_device"]
