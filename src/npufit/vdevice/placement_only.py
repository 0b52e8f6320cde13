"""Files of devices that answer everything up to the first job: enough for a delegate to place and to compile."""

from __future__ import annotations

from npufit.errors import ToolError
from npufit.vdevice.device import Caller
from npufit.vdevice.drm import DrmFile
from npufit.vdevice.layouts import Struct


def refuse_job(file: DrmFile, _submitted: Struct, _caller: Caller) -> None:
    """Answer a submission: nothing can be executed, and that must not look like a result."""
    raise ToolError(
        f"The virtual {file.driver.name} executes nothing: it answers a delegate that places and compiles a model, but "
        "there is no simulator for its jobs. Use it for placement (npufit check), and a board for results."
    )
