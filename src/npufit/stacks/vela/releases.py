"""Releases of Vela, what each needs, and which BSPs of the i.MX 93 ship them; all these facts are kept here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from npufit.errors import InputError

PACKAGE = "ethos-u-vela"
NEWEST = "5.2"
"""The release that comes with npufit, used if no version is given."""

Minor = tuple[int, int]
"""A release of Python, such as (3, 11)."""

_RECIPES = "NXP's recipes: meta-imx, ethos-u-vela and tensorflow-lite of each BSP"
_TRIED = "installed from PyPI on Linux x86-64, and run"


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Vela that can be installed.

    `pythons` are those that it was seen to install and run with, the best first; `companions` are further requirements
    that it does not state itself; `needs_compiler` says that pip may have to compile C, because there are few wheels.
    """

    number: str
    pythons: tuple[Minor, ...]
    companions: tuple[str, ...]
    needs_compiler: bool
    source: str = _TRIED

    @property
    def requirement(self) -> str:
        """The requirement for pip."""
        return f"{PACKAGE}=={self.number}.0"


@dataclass(frozen=True, slots=True)
class Bsp:
    """An NXP BSP for the i.MX 93 and the number of its Vela, None if no readable source gives it."""

    name: str
    release: str | None
    source: str = _RECIPES


_OLD = ((3, 8), (3, 9), (3, 10))
_MIDDLE = ((3, 11), (3, 10), (3, 9), (3, 8))
_LATE = ((3, 11), (3, 10), (3, 9), (3, 12))
_NUMPY_1 = ("numpy<2",)
"""With NumPy 2 these releases fail with OverflowError: 4294967296 is out of bounds for int32."""

_NUMPY_1_23 = ("numpy<1.24",)

RELEASES = (
    Release("3.3", ((3, 8),), _NUMPY_1_23, True),
    Release("3.5", _OLD, _NUMPY_1_23, True),
    Release("3.6", _OLD, _NUMPY_1_23, True),
    Release("3.7", ((3, 8),), _NUMPY_1_23, True),
    Release("3.8", _MIDDLE, _NUMPY_1, True),
    Release("3.9", _MIDDLE, _NUMPY_1, True),
    Release("3.10", _LATE, _NUMPY_1, True),
    Release("3.11", _LATE, _NUMPY_1, True),
    Release("3.12", _LATE, _NUMPY_1, True),
    Release("4.5", _LATE, _NUMPY_1, True),
    Release(NEWEST, ((3, 11), (3, 12), (3, 13), (3, 10)), (), False, "comes with npufit"),
)

BSPS = (
    Bsp("lf-5.15.52", "3.3"),
    Bsp("lf-5.15.71", "3.5"),
    Bsp("lf-6.1.1", "3.6"),
    Bsp("lf-6.1.22", "3.7"),
    Bsp("lf-6.1.36", "3.8"),
    Bsp("lf-6.1.55", "3.9"),
    Bsp("lf-6.6.3", "3.10"),
    Bsp("lf-6.6.23", "3.11"),
    Bsp("lf-6.6.36", "3.12"),
    Bsp("lf-6.18", None, "forum threads only; no recipe was read"),
)

_VERSION = re.compile(
    r"(?P<prefix>(?:linux|lf|l|v)[-_ ]?v?)?(?P<number>(\d+)\.(\d+)(\.\d+)?)(?P<suffix>[-_]\d+\.\d+\.\d+)?",
    re.IGNORECASE,
)
_FIRST_KERNEL = 5, 10
"""BSPs are named after their Linux release; a smaller number is that of a Vela."""


def known_versions() -> tuple[str, ...]:
    """Return the versions that a target may have, releases first."""
    return (*(release.number for release in RELEASES), *(bsp.name for bsp in BSPS))


def read_version(text: str) -> str | None:
    """Return the version that `text` names: `3.8`, or a BSP such as `lf-6.1.36`; None if it names neither.

    3.8.0 means 3.8; lf-6.1.36_2.1.0, lf-6.1.36-2.1.0, LF6.1.36 and lf_6.1.36 mean lf-6.1.36. The number or BSP need not
    be one that npufit knows.
    """
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        return None
    prefix, major, minor = (found["prefix"] or "").lower(), int(found[3]), int(found[4])
    name = f"lf-{found['number']}"
    by_linux = prefix.startswith("l") or found["suffix"] is not None
    if not by_linux and (major, minor) >= _FIRST_KERNEL:
        by_linux = found[5] is not None or any(bsp.name == name for bsp in BSPS)
    return name if by_linux else f"{major}.{minor}"


def is_bsp(version: str) -> bool:
    """Return whether a version, as returned by `read_version`, names a BSP."""
    return version.startswith("lf-")


def release_number(version: str) -> str | None:
    """Return the number of the Vela that `version` stands for; None for a BSP whose Vela is unknown."""
    if not is_bsp(version):
        return version
    return next((bsp.release for bsp in BSPS if bsp.name == version), None)


def find_release(number: str) -> Release | None:
    """Return what the release `number` needs, None if npufit does not know."""
    return next((release for release in RELEASES if release.number == number), None)


def bsps_with(number: str) -> tuple[str, ...]:
    """Return the BSPs that ship the release `number`."""
    return tuple(bsp.name for bsp in BSPS if bsp.release == number)


def need_release_number(version: str) -> str:
    """Return the number of the Vela that `version` stands for. Raises InputError if that is unknown."""
    number = release_number(version)
    if number is not None:
        return number
    known = ", ".join(f"{bsp.name} ({bsp.release})" for bsp in BSPS if bsp.release is not None)
    raise InputError(
        f"the Vela that {version} ships is unknown. Known: {known}. Give the release that `vela --version` prints, "
        "such as imx93/vela@3.12, or the vela of the BSP itself with --vela PATH."
    )
