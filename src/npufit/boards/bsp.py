"""Which of NXP's board support packages (BSPs) a board runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from npufit.boards.facts import BoardFacts
from npufit.stacks.vx import bsps_with_tflite

_KERNEL = re.compile(
    r"(\d{1,2}\.\d{1,3}\.\d{1,3})(?:\+|[+-]g[0-9a-f]{7,40}|-lts\S*|-\d\.\d\.\d-g[0-9a-f]{7,40})?(?:-dirty)?", re.ASCII
)
"""The releases of NXP's kernels: 6.1.36+g04b05c5527e9, 6.12.20-lts-next-gdfaf2136deb2, 6.18.2-1.0.0-gf49f45233f7b.
Makers of modules that build their own add names of theirs."""

_TFLITE = re.compile(r"/tensorflow-lite-(\d{1,2}(?:\.\d{1,3}){1,2})(?:/|$)", re.ASCII)
_DISTRIBUTION = "fsl-imx"
"""How NXP's distributions begin their ID in /etc/os-release: fsl-imx-xwayland, and those of makers of modules."""

_NXP_NODES = ("/dev/ethosu", "/dev/neutron", "/dev/galcore")
"""Device nodes of drivers that only NXP's kernels have, also under another distribution, such as Torizon."""


@dataclass(frozen=True, slots=True)
class Bsp:
    """A BSP that a board may run, such as lf-6.1.36, and what says so; `is_sure` unless others are as likely."""

    name: str
    why: str
    is_sure: bool = True


def bsps_of(facts: BoardFacts) -> Iterator[Bsp]:
    """Yield the BSPs that a board may run, the likeliest first; nothing for a board without NXP's software.

    NXP names its releases after their Linux. A kernel of another maker tells nothing, but the TensorFlow Lite beside it
    comes from a BSP, too.
    """
    is_nxp = (facts.os or {}).get("ID", "").startswith(_DISTRIBUTION)
    if not is_nxp and not any(node.path.startswith(_NXP_NODES) for node in facts.nodes):
        return
    kernel = _KERNEL.fullmatch(facts.kernel)
    if kernel is not None:
        yield Bsp(f"lf-{kernel[1]}", f"Linux {facts.kernel} is that of NXP's lf-{kernel[1]}")
    tflite = _tflite_of(facts)
    ship_it = bsps_with_tflite(tflite)
    if ship_it:
        why = f"TensorFlow Lite {tflite} is that of NXP's {' and '.join(ship_it)}"
        yield Bsp(ship_it[-1], why, is_sure=len(ship_it) == 1)


def nxp_bsp(facts: BoardFacts) -> str:
    """Return NXP's release that the board runs, such as lf-6.1.36; empty if it runs none, or none that it tells."""
    found = next(bsps_of(facts), None)
    return found.name if found is not None and found.is_sure else ""


def _tflite_of(facts: BoardFacts) -> str:
    """Return the version of the TensorFlow Lite that the BSP ships its tools with, empty if it does not tell."""
    found = (_TFLITE.search(file.path) for file in facts.files)
    return next((match[1] for match in found if match), "")
