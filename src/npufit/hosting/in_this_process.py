"""A virtual NPU for libraries that this Python process loads."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from npufit.hosting.device import device_for
from npufit.vdevice import Activity, attach, say_failure


@contextmanager
def virtual_npu(
    target: str, library: str | Path, *, kernel: str | None = None, capture_to: Path | None = None
) -> Generator[Activity]:
    """Let `library`, such as Mesa's libteflon.so, find the NPU of `target`; the value of the context is its activity.

    Load the delegate and run inferences inside the context. `kernel` is a Linux release such as 7.3 whose driver
    decides on command streams, `capture_to` a folder for what the first inference submits. If the device cannot go on,
    that is printed at once and raised at the end of the context, because libraries ignore it. Raises InputError if the
    target, the kernel, the folder or the library is wrong.
    """
    activity = Activity(say_failure)
    found = device_for(target, activity, kernel, capture_to)
    with attach(library, found.device, activity):
        yield activity
