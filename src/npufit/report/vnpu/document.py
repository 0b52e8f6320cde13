"""The document of a program on a virtual NPU: what `npufit vnpu --json` writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from npufit.hosting import HostResult
from npufit.report.document import Between, Count, Document, rounded
from npufit.vdevice import Refusal

Seconds = Annotated[float, Between(0)]


@dataclass(frozen=True, slots=True)
class DeviceEntry(Document):
    """The device that the program could open."""

    chip: str
    driver: str
    node: str
    kernel: str | None
    """the Linux release whose driver decided on streams (--kernel); null: every stream that can be executed"""


@dataclass(frozen=True, slots=True)
class RefusalEntry(Document):
    """A call that the Linux release refuses, or may refuse."""

    call: str
    errno: str
    why: str


@dataclass(frozen=True, slots=True)
class VnpuDocument(Document):
    """What a program did on a virtual NPU."""

    command: tuple[str, ...]
    device: DeviceEntry
    exit_code: int
    """the program's; 128 + N if signal N ended it"""
    signal: Count | None
    """the signal that ended the program"""
    seconds: Seconds
    opened: Count
    """how often the node was opened"""
    submissions: Count
    """command streams that were executed, each time counted"""
    streams: Count
    """different command streams among them"""
    simulated_seconds: Seconds
    """how long the simulator took for them, part of `seconds`"""
    findings: tuple[str, ...]
    """what the sanitizer found in the streams"""
    refused: tuple[RefusalEntry, ...]
    doubted: tuple[RefusalEntry, ...]
    """calls that the release may refuse; they were answered"""
    failure: str | None
    """why the device could not go on; the program was killed then"""
    captured: Count | None
    """submissions that were written (--capture-to); null without it"""


def vnpu_document(result: HostResult) -> VnpuDocument:
    """Return the document of a program that has ended."""
    return VnpuDocument(
        command=result.command,
        device=DeviceEntry(
            chip=result.chip,
            driver=result.driver,
            node=result.node,
            kernel=None if result.kernel is None else str(result.kernel),
        ),
        exit_code=result.exit_code,
        signal=-result.code if result.code < 0 else None,
        seconds=rounded(result.seconds),
        opened=result.opened,
        submissions=result.submissions,
        streams=result.streams,
        simulated_seconds=rounded(result.simulated_seconds),
        findings=result.findings,
        refused=tuple(map(_refusal, result.refusals)),
        doubted=tuple(map(_refusal, result.doubts)),
        failure=None if result.failure is None else str(result.failure),
        captured=result.captured,
    )


def _refusal(refusal: Refusal) -> RefusalEntry:
    return RefusalEntry(refusal.call, refusal.errno, refusal.why)
