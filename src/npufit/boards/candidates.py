"""As what a board can be measured: each stack of its chip, with the version that the board has and what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from npufit.boards.bsp import bsps_of
from npufit.boards.devices import missing_of_driver, missing_rights
from npufit.boards.facts import BoardFacts, BoardFile, Candidate
from npufit.chips import Chip
from npufit.errors import InputError
from npufit.stacks import ShipsWithBsp, load_stack

_NUMBER = re.compile(r"\d{1,2}\.\d{1,3}(\.\d{1,3})?", re.ASCII)
_AS_DEBIAN = {"ethosu": ", as Debian's mesa-teflon-delegate"}
"""What its releases 26.1.6 and 26.2.6 have."""

_NO_TOOL = (
    "Nothing on the board times a model: no benchmark_model, and no Python with ai_edge_litert, tflite_runtime or "
    "tensorflow. Give a benchmark_model for the board with --tool FILE, or pip install ai-edge-litert on it."
)
_TIMERS = ("benchmark_model", "litert-benchmark")


@dataclass(frozen=True, slots=True)
class _Vendor:
    """What a stack of a vendor's BSP needs: its device node, and its library under one of these names."""

    nodes: str
    libraries: tuple[str, ...]
    comes_with: str


_VENDORS = {
    "vela": _Vendor("/dev/ethosu", ("libethosu_delegate.so",), "NXP's BSP for the i.MX 93"),
    "vx": _Vendor("/dev/galcore", ("libvx_delegate.so",), "NXP's BSP for the i.MX 8M Plus"),
    "neutron": _Vendor(
        "/dev/neutron",
        ("libneutron_delegate.so", "liblitert_neutron_delegate.so"),
        "NXP's BSP for the i.MX 95",
    ),
}


@dataclass(frozen=True, slots=True)
class _Found:
    """A candidate without the question of tools: its version and how it is known, what is missing, its library."""

    version: str
    why: str
    missing: tuple[str, ...]
    delegate: str = ""
    needs_tool: bool = True


def candidates_of(facts: BoardFacts, chip: Chip) -> tuple[Candidate, ...]:
    """Return what the board can be measured as, those with the least missing first.

    Raises InputError if a chip file of the user lacks what a stack needs.
    """
    found = [_candidate(facts, chip, stack) for stack in chip.stacks if stack in _FINDERS]
    return tuple(sorted(found, key=lambda candidate: len(candidate.missing)))


def has_tool(facts: BoardFacts) -> bool:
    """Return whether something on the board times a model."""
    return any(file.name in _TIMERS for file in facts.of_kind("tool")) or any(it.module for it in facts.runtimes)


def _candidate(facts: BoardFacts, chip: Chip, stack: str) -> Candidate:
    load_stack(stack).describe(chip.name)  # raises if a chip file of the user lacks what the stack needs
    found = _FINDERS[stack](facts, chip, stack)
    target = f"{chip.name}/{stack}@{found.version}" if found.version else f"{chip.name}/{stack}"
    lacks_tool = found.needs_tool and not has_tool(facts)
    return Candidate(
        target=target,
        why=found.why,
        missing=(*found.missing, _NO_TOOL) if lacks_tool else found.missing,
        delegate=found.delegate,
        needs_only_a_tool=lacks_tool and not found.missing,
    )


def _of_a_vendor(facts: BoardFacts, chip: Chip, stack: str) -> _Found:
    """Find the stack of NXP's BSP: its version follows from the BSP."""
    vendor = _VENDORS[stack]
    nodes = [node for node in facts.nodes if node.path.startswith(vendor.nodes)]
    library = _library(facts, vendor.libraries)
    absent = [*([] if nodes else [_first(vendor.nodes)]), *([] if library else [vendor.libraries[0]])]
    missing = list(missing_rights(nodes))
    if absent:
        come = "they come" if len(absent) > 1 else "it comes"
        missing.append(f"There is no {' and no '.join(absent)}: {come} with {vendor.comes_with}.")
    version, why = _version_of_bsp(facts, stack)
    return _Found(version, why, tuple(missing), library.path if library else "")


def _version_of_bsp(facts: BoardFacts, stack: str) -> tuple[str, str]:
    """Return the version that the BSP ships, empty if it is unknown, and how it is known."""
    bsps = tuple(bsps_of(facts))
    for bsp in bsps:
        versions = _versions_in(bsp.name, stack)
        if versions:
            shared = f"; {' and '.join(versions)} are made for it" if len(versions) > 1 else ""
            return versions[-1], f"{bsp.why}{shared}"
    if bsps:
        return "", f"{bsps[0].why}, whose {stack} npufit does not know"
    return "", "the version is unknown: the board does not say which of NXP's BSPs it runs"


def _versions_in(bsp: str, stack: str) -> Sequence[str]:
    ships = load_stack(stack)
    return ships.versions_of_bsp(bsp) if isinstance(ships, ShipsWithBsp) else ()


def _teflon(facts: BoardFacts, chip: Chip, stack: str) -> _Found:
    """Find Mesa's delegate and the kernel driver below it: the version is that of the library."""
    driver = str(chip.stack_settings(stack)["driver"].value)
    library = _libteflon(facts, driver)
    missing = [*missing_of_driver(facts, driver)]
    build = f"build Mesa with -Dgallium-drivers={driver} -Dteflon=true"
    if library is None:
        missing.append(f"There is no libteflon.so: {build}.")
        return _Found("", "the version is that of libteflon.so", tuple(missing))
    if not _may_have(library, driver):
        missing.append(
            f"libteflon.so {library.version} was built without the driver {driver} (it has "
            f"{' and '.join(library.drivers)}{_AS_DEBIAN.get(driver, '')}): {build}."
        )
    number = _NUMBER.match(library.version)
    version = (load_stack(stack).resolve_version(number[0]) if number else None) or ""
    if version:
        why = f"libteflon.so says that it is Mesa {library.version}"
    elif library.version:
        why = f"libteflon.so says that it is Mesa {library.version}, whose rules npufit does not know"
    else:
        why = "libteflon.so does not say which Mesa it is"
    return _Found(version, why, tuple(missing), library.path)


def _libteflon(facts: BoardFacts, driver: str) -> BoardFile | None:
    """Return the first libteflon that may have `driver`, otherwise any."""
    found = [file for file in facts.of_kind("delegate") if file.name == "libteflon.so"]
    return next((file for file in found if _may_have(file, driver)), found[0] if found else None)


def _may_have(library: BoardFile, driver: str) -> bool:
    """Return whether a libteflon has `driver`, as far as it tells which it has."""
    return not library.drivers or driver in library.drivers


def _direct(facts: BoardFacts, chip: Chip, stack: str) -> _Found:
    """Find Linux's driver alone: the version is that of the kernel."""
    driver = str(chip.stack_settings(stack)["driver"].value)
    library = _library(facts, ("libethosu_direct_delegate.so",))
    missing = [*missing_of_driver(facts, driver)]
    has_numpy = any(runtime.has_numpy for runtime in facts.runtimes)
    is_bundle = library is None or not has_tool(facts)
    if is_bundle and not has_numpy:
        missing.append("The board has no Python with NumPy, which a bundle's run.py needs (Python 3.9 or later).")
    number = _NUMBER.match(facts.kernel)
    try:
        version = (load_stack(stack).resolve_version(number[0]) if number else None) or ""
    except InputError:
        version = ""
    why = f"the kernel is Linux {facts.kernel}" if facts.kernel else "the kernel is unknown"
    return _Found(version, why, tuple(missing), library.path if library else "", needs_tool=False)


def _library(facts: BoardFacts, names: tuple[str, ...]) -> BoardFile | None:
    """Return the first library of the board with one of `names`."""
    return next((file for name in names for file in facts.of_kind("delegate") if file.name == name), None)


def _first(nodes: str) -> str:
    return nodes if nodes.endswith("galcore") else f"{nodes}0"


_FINDERS: Mapping[str, Callable[[BoardFacts, Chip, str], _Found]] = {
    "vela": _of_a_vendor,
    "vx": _of_a_vendor,
    "neutron": _of_a_vendor,
    "teflon": _teflon,
    "direct": _direct,
}
