"""Writing what a program submits as a capture: the files that `npufit.ethosu.read_submissions` reads.

A capture is of one inference. It ends when a stream comes again: that is the next inference.
"""

from __future__ import annotations

from pathlib import Path

from npufit.errors import InputError
from npufit.ethosu import COEFFICIENTS_REGION, IO_REGION
from npufit.files import make_folder, write_file
from npufit.formatting import size
from npufit.vdevice.device import Job
from npufit.vdevice.observing import IgnoringObserver

_MOST_SUBMISSIONS = 10_000
_MOST_BYTES = 4 << 30
_PARTS = {COEFFICIENTS_REGION: "coefs", IO_REGION: "io"}


class CapturingObserver(IgnoringObserver):
    """Writes each job of the first inference to a folder, as it is submitted.

    For `npufit run --capture` the folder also needs `teflon.log`: what the delegate printed with TEFLON_DEBUG=verbose.
    """

    def __init__(self, folder: Path, *, overwrite: bool = False) -> None:
        """Create `folder` if it does not exist. Raises InputError."""
        make_folder(folder)
        self.folder = folder
        self.count = 0
        """How many submissions were written."""
        self.is_complete = False
        """Whether the first inference is over."""
        self._overwrite = overwrite
        self._written_bytes = 0
        self._seen: set[tuple[int, int, bytes]] = set()

    def submitted(self, job: Job) -> None:
        """Write `job`. Raises InputError if it cannot be written, or if the capture would be too large."""
        key = job.descriptor, job.stream_handle, job.stream
        self.is_complete |= key in self._seen
        if self.is_complete:
            return
        self._seen.add(key)
        number = f"{self.count:02}"
        self._write(f"submit{number}-cmdstream.bin", job.stream)
        for region, part in _PARTS.items():
            if region in job.memory:
                asked = job.memory[region][: job.asked_bytes[region]]
                self._write(f"submit{number}-{part}.bin", asked.tobytes())
        self._write(f"submit{number}-meta.txt", _meta(job).encode())
        self.count += 1

    def _write(self, name: str, data: bytes) -> None:
        self._written_bytes += len(data)
        if self.count >= _MOST_SUBMISSIONS or self._written_bytes > _MOST_BYTES:
            raise InputError(
                f"{self.folder}: a capture has at most {_MOST_SUBMISSIONS} submissions and {size(_MOST_BYTES)}. "
                "Run a smaller model, or without a capture."
            )
        write_file(self.folder / name, data, overwrite=self._overwrite)


def _meta(job: Job) -> str:
    buffers = (f"region{region} bo={job.handles[region]} size={asked}\n" for region, asked in job.asked_bytes.items())
    return f"cmd_bo={job.stream_handle} size={len(job.stream)}\nsram_size={job.sram_bytes}\n{''.join(buffers)}"
