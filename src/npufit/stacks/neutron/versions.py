"""The releases of NXP's converter that target i.MX95, and how people spell them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from npufit.stacks.neutron import sources


@dataclass(frozen=True, slots=True)
class Release:
    """One release: its version name here, the product, the BSP it is built for, and the command that installs it.

    `bsp` is empty if no public source gives one.
    """

    version: str
    product: str
    bsp: str
    command: str
    source: str


RELEASES: tuple[Release, ...] = (
    Release("1.15", "eIQ Toolkit 1.15", "LF 6.12.3_1.0.0", "neutron-converter", sources.OLIVE_FLAVOURS),
    Release("1.16", "eIQ Toolkit 1.16.0", "LF 6.12.20_2.0.0", "neutron-converter", sources.OLIVE_FLAVOURS),
    Release(
        "1.17",
        "eIQ Toolkit 1.17.0, whose converter calls itself 2.0.2",
        "LF 6.12.20_2.0.0",
        "neutron-converter",
        sources.EDGEFIRST_LOG,
    ),
    Release("25.09", "converter flavour SDK_25_09", "LF 6.12.34_2.1.0", "neutron-converter", sources.OLIVE_FLAVOURS),
    Release(
        "2.2",
        "converter flavour SDK_25_12, which calls itself 2.2",
        "LF 6.12.49_2.2.0",
        "neutron-converter",
        sources.MEDIA_TEST,
    ),
    Release("3.0", "eiq-neutron-sdk 3.0.0 and 3.0.1", "", "neutron-converter", sources.NNSTREAMER),
    Release(
        "3.1",
        "eiq-neutron-sdk 3.1.0 to 3.1.3",
        "LF 6.18.20_2.0.0",
        "neutron-converter",
        "bryandph/nixos-imx95",
    ),
    Release("3.2", "eiq-neutron-sdk 3.2", "", "neutron-compiler", sources.POSE_BENCHMARK),
)
"""Oldest first. No number was found for SDK_25_09's converter, so the flavour's name is used."""

_BY_VERSION = {release.version: release for release in RELEASES}
_ALIASES = {"2.0": "1.17", "25.03": "1.15", "25.12": "2.2"}
_SPELLING = re.compile(r"(?:(?:MCU_)?SDK_|v)?(\d{1,2})[._](\d{1,2})(?:[._]\d{1,3})?(?:\+.*)?", re.ASCII)


def find_release(version: str) -> Release | None:
    """Return the release that `version` means (1.16.0, v3.1.3, SDK_25_12, 2.2.3+0X1234), or None."""
    match = _SPELLING.fullmatch(version.strip())
    if match is None:
        return None
    name = f"{match[1]}.{match[2]}"
    return _BY_VERSION.get(_ALIASES.get(name, name))


def share_bsp(first: Release, second: Release) -> bool:
    """Return whether both releases are the same, or are built for the same BSP."""
    return first is second or (bool(first.bsp) and first.bsp == second.bsp)


def is_later(version: str, than: str) -> bool:
    """Return whether the release `version` is later than another; one that is not known counts as later."""
    versions = [release.version for release in RELEASES]
    if version not in versions or than not in versions:
        return version != than
    return versions.index(version) > versions.index(than)
