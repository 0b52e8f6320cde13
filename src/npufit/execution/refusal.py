"""The ends of a run at the driver; a library would not notice them, because it ignores the errno of a failed call."""

from __future__ import annotations

from npufit.errors import ToolError


class KernelRefusalError(ToolError):
    """The chosen Linux release refuses a stream, so there is no answer."""


class DeviceFailureError(ToolError):
    """The virtual NPU cannot execute what a library submitted; what that would answer from now on is stale memory."""
