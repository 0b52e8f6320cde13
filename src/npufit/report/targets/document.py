"""The document of targets: what `npufit targets --json` prints."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.report.document import Document
from npufit.stacks import Evidence, TargetInfo


@dataclass(frozen=True, slots=True)
class TargetEntry(Document):
    """A chip with a stack."""

    target: str
    """CHIP/STACK"""
    chip: str
    stack: str
    versions: tuple[str, ...]
    """releases with their own rules, oldest first"""
    default_version: str
    evidence: Evidence
    basis: str
    """the evidence behind placement"""
    missing: str
    """what is unknown outside the vendor, or not yet available"""


TargetsDocument = tuple[TargetEntry, ...]


def target_entry(info: TargetInfo) -> TargetEntry:
    """Return the entry of a target."""
    return TargetEntry(
        target=f"{info.chip}/{info.stack}",
        chip=info.chip,
        stack=info.stack,
        versions=info.versions,
        default_version=info.default_version,
        evidence=info.evidence,
        basis=info.basis,
        missing=info.missing,
    )
