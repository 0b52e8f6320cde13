"""The end of a run that a Linux release would not allow."""

from __future__ import annotations

from npufit.errors import ToolError


class KernelRefusalError(ToolError):
    """The chosen Linux release refuses a call of a library; what that would answer from now on is stale memory."""
