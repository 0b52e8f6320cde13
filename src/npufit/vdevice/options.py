"""What a virtual device is asked to do beside answering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npufit.ethosu import KernelVersion


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """`kernel` is the Linux release whose verdicts programs get; None accepts every stream that can be executed.

    `sanitize` looks for accesses in streams that depend on luck: it takes time once for each stream.
    """

    kernel: KernelVersion | None = None
    sanitize: bool = True
