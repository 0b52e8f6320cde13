"""Programs that stand in for tools of boards: they print what real ones printed there, and misbehave if asked to.

    from scripted_tools import FAMILIES, Fault, write_benchmark_model
    write_benchmark_model(root / "usr/bin/tensorflow-lite-2.11.1/examples", FAMILIES["vela-2.11"])

They are shell scripts, run in BusyBox, and add to the counters in `$NPUFIT_BOARD_ROOT/proc/interrupts` what an NPU
would add. With `--min_secs=0` they count exactly the runs that are asked for, otherwise as many as in the log.
"""

from __future__ import annotations

from scripted_tools.families import FAMILIES, Family, Times
from scripted_tools.writing import Fault, write_benchmark_model

__all__ = ["FAMILIES", "Family", "Fault", "Times", "write_benchmark_model"]
