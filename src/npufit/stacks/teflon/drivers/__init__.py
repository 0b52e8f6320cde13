"""The drivers behind Teflon: which of the operators that the frontend offers each accepts."""

from npufit.stacks.teflon.drivers.driver import Driver
from npufit.stacks.teflon.drivers.ethosu import ETHOSU
from npufit.stacks.teflon.drivers.etnaviv import ETNAVIV
from npufit.stacks.teflon.drivers.rocket import ROCKET

DRIVERS: dict[str, Driver] = {driver.name: driver for driver in (ETHOSU, ETNAVIV, ROCKET)}

__all__ = ["DRIVERS", "Driver"]
