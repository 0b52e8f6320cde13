"""The document of Vela's releases: what `npufit toolchain --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.report.document import Document
from npufit.stacks.vela.environments import Environment
from npufit.stacks.vela.releases import BSPS, NEWEST, RELEASES, bsps_with


@dataclass(frozen=True, slots=True)
class InstalledEntry(Document):
    """A release that is installed in an environment of its own."""

    name: str
    """what it was installed as: a release, or a BSP for NXP's fork"""
    version: str
    """what Vela itself says"""
    requirement: str
    """what pip was given"""
    python: str
    folder: str


@dataclass(frozen=True, slots=True)
class ReleaseEntry(Document):
    """A release that can be installed."""

    release: str
    pythons: tuple[str, ...]
    companions: tuple[str, ...]
    """requirements that pip is given with it"""
    needs_compiler: bool
    """true if it may need a C compiler"""
    bsps: tuple[str, ...]
    """BSPs that ship it"""
    source: str


@dataclass(frozen=True, slots=True)
class BspEntry(Document):
    """A BSP of NXP; `release` is null if nobody outside NXP knows which Vela it ships."""

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
