"""The ends of a run in a library that the library itself would not notice: it ignores the errno of a failed call."""

from __future__ import annotations

from npufit.errors import ToolError


class KernelRefusalError(ToolError):
    """The chosen Linux release refuses a call of a library; what that would answer from now on is stale memory."""


class DeviceFailureError(ToolError):
    """The virtual NPU cannot execute what a library submitted; what that would answer from now on is stale memory."""
