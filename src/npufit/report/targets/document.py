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
    """releases with rules of their own, oldest first"""
    default_version: str
    evidence: Evidence
    basis: str
    """what placement rests on"""
    missing: str
    """what nobody outside the vendor knows, or what is not there yet"""


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
