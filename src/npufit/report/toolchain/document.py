"""The document of Vela's releases: what `npufit toolchain --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.report.document import Document
from npufit.stacks.vela import BSPS, NEWEST, RELEASES, Environment, bsps_with


@dataclass(frozen=True, slots=True)
class InstalledEntry(Document):
    """A release installed in its own environment."""

    name: str
    """the name that it was installed under: a release, or a BSP for NXP's fork"""
    version: str
    """the version that Vela itself reports"""
    requirement: str
    """the requirement given to pip"""
    python: str
    folder: str


@dataclass(frozen=True, slots=True)
class ReleaseEntry(Document):
    """A release that can be installed."""

    release: str
    pythons: tuple[str, ...]
    companions: tuple[str, ...]
    """additional requirements given to pip"""
    needs_compiler: bool
    """true if it may need a C compiler"""
    bsps: tuple[str, ...]
    """BSPs that ship it"""
    source: str


@dataclass(frozen=True, slots=True)
class BspEntry(Document):
    """An NXP BSP; `release` is null if nobody outside NXP knows which Vela it ships."""

    bsp: str
    release: str | None
    source: str


@dataclass(frozen=True, slots=True)
class ToolchainDocument(Document):
    """Which releases of Vela are installed, and which can be."""

    bundled: str
    """the release that comes with npufit"""
    installed: tuple[InstalledEntry, ...]
    releases: tuple[ReleaseEntry, ...]
    bsps: tuple[BspEntry, ...]


def toolchain_document(installed: Sequence[Environment]) -> ToolchainDocument:
    """Return the document of what is installed and what can be."""
    return ToolchainDocument(
        bundled=NEWEST,
        installed=tuple(
            InstalledEntry(entry.name, entry.version, entry.requirement, entry.python_version, str(entry.folder))
            for entry in installed
        ),
        releases=tuple(
            ReleaseEntry(
                release=release.number,
                pythons=tuple(f"{major}.{minor}" for major, minor in release.pythons),
                companions=tuple(release.companions),
                needs_compiler=release.needs_compiler,
                bsps=tuple(bsps_with(release.number)),
                source=release.source,
            )
            for release in RELEASES
        ),
        bsps=tuple(BspEntry(bsp.name, bsp.release, bsp.source) for bsp in BSPS),
    )
