"""Mesa's TensorFlow Lite delegate Teflon with its drivers: ethosu, etnaviv, rocket."""

from npufit.stacks.teflon.stack import TeflonStack

STACK = TeflonStack()

__all__ = ["STACK", "TeflonStack"]
