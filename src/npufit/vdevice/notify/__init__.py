"""The way in for any program: Linux hands over its calls to a device (seccomp user notification)."""

from npufit.vdevice.notify.launch import HostedProgram, ProgramNotStartedError, launch

__all__ = ["HostedProgram", "ProgramNotStartedError", "launch"]
