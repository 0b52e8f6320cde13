"""The devices of a board's NPU, and what keeps a user from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from npufit.boards.facts import BoardFacts, DeviceNode

_NUMBER = re.compile(r"(\d{1,2})\.(\d{1,3})", re.ASCII)
_FIRST_KERNELS = {"ethosu": (6, 19), "rocket": (6, 18)}
"""The first Linux with these drivers: "accel: Add Arm Ethos-U NPU driver" and "accel/rocket"."""

_CONFIGURED_BY = {
    "ethosu": "CONFIG_DRM_ACCEL_ARM_ETHOSU",
    "rocket": "CONFIG_DRM_ACCEL_ROCKET",
    "etnaviv": "CONFIG_DRM_ETNAVIV",
}
_ACCELERATORS = ("/dev/accel/", "/dev/dri/")
"""Where Linux's own drivers have their nodes. NXP's driver behind /dev/ethosu0 is called ethosu as well."""


def missing_of_driver(facts: BoardFacts, driver: str) -> Iterator[str]:
    """Yield what keeps this user from a device of Linux's `driver`."""
    nodes = [node for node in facts.nodes if node.path.startswith(_ACCELERATORS) and node.driver == driver]
    yield from missing_rights(nodes)
    if not nodes:
        yield _why_no_device(facts, driver)
    elif driver == "etnaviv" and not facts.said("npu-in-tree"):
        yield "The device tree names no NPU, so etnaviv drives only the GPU: it takes a node such as npu@38500000."


def _why_no_device(facts: BoardFacts, driver: str) -> str:
    """Return why there is no device of Linux's `driver`, as far as the board tells, and what helps."""
    first, option = _FIRST_KERNELS.get(driver), _CONFIGURED_BY.get(driver, "its own option")
    release = _release(facts.kernel)
    if first and release and release < first:
        return f"Linux has the driver {driver} from {first[0]}.{first[1]} on; this is {facts.kernel}."
    configured = facts.said("kernel-config")
    if driver in facts.said("modules").split():
        return f"The driver {driver} is there, and drives no device: the NPU's node in the device tree must be okay."
    if f"{option}=m" in configured:
        return f"The driver {driver} is not loaded: modprobe {driver}."
    if configured and f"{option}=" not in configured:
        return f"This kernel was built without the driver {driver}: it takes {option}."
    unknown = [node.path for node in facts.nodes if node.path.startswith(_ACCELERATORS) and not node.driver]
    seen = f" (that of {', '.join(unknown[:3])} is unknown)" if unknown else ""
    return f"No device has the driver {driver}{seen}: it takes {option}, and the NPU in the device tree."


def _release(kernel: str) -> tuple[int, int] | None:
    number = _NUMBER.match(kernel)
    return (int(number[1]), int(number[2])) if number else None


def missing_rights(nodes: Sequence[DeviceNode]) -> Iterator[str]:
    """Yield why none of `nodes` may be opened; nothing if one may."""
    if not nodes or any(node.can_open for node in nodes):
        return
    node = nodes[0]
    way = f"sudo usermod -aG {node.group} USER and log in again" if _group_may(node) else "connect as root"
    owner = f"{node.mode} {node.owner} {node.group}".strip()
    yield f"{node.path} is there, but this user may not open it ({owner}): {way}."


def _group_may(node: DeviceNode) -> bool:
    return node.mode[4:6] == "rw" and node.group not in ("", "root")
