"""Which of NXP's board support packages (BSPs) a board runs."""

from __future__ import annotations

import re

from npufit.boards.facts import BoardFacts

_KERNEL = re.compile(r"(\d{1,2}\.\d{1,3}\.\d{1,3})(?![\d.])(.*)", re.ASCII)
_TFLITE = re.compile(r"/tensorflow-lite-(\d{1,2}(?:\.\d{1,3}){1,2})(?:/|$)", re.ASCII)
_DISTRIBUTION = "fsl-imx"
"""How NXP's distributions begin their ID in /etc/os-release: fsl-imx-xwayland, and those of makers of modules."""

_NXP_NODES = ("/dev/ethosu", "/dev/neutron", "/dev/galcore")
"""Device nodes of drivers that only NXP's kernels have, also under another distribution, such as Torizon."""


def nxp_bsp(facts: BoardFacts) -> str:
    """Return NXP's release that the board runs, such as lf-6.1.36; empty if it runs none, or none that it tells.

    NXP names its releases after their Linux: a kernel 6.1.36+g04b05c5527e9 is that of lf-6.1.36.
    """
    kernel = _KERNEL.match(facts.kernel)
    if kernel is None:
        return ""
    is_nxp = (facts.os or {}).get("ID", "").startswith(_DISTRIBUTION)
    has_node = any(node.path.startswith(_NXP_NODES) for node in facts.nodes)
    return f"lf-{kernel[1]}" if is_nxp or has_node else ""


def tflite_of(facts: BoardFacts) -> str:
    """Return the version of the TensorFlow Lite that the BSP ships its tools with, empty if it does not tell."""
    found = (_TFLITE.search(file.path) for file in facts.files)
    return next((match[1] for match in found if match), "")
