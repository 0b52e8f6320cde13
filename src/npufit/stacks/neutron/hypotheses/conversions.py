"""A conversion as the user has it, a log or the file that the converter wrote, as what was seen of a network."""

from __future__ import annotations

from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks.neutron.converted import is_converted, read_stamp
from npufit.stacks.neutron.converter import Conversion
from npufit.stacks.neutron.converter_log import read_statistics, stated_version
from npufit.stacks.neutron.hypotheses.bounds import Bounds, counted_bounds, exact_bounds
from npufit.stacks.neutron.hypotheses.seen import SeenConversion
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork
from npufit.stacks.neutron.trace import trace
from npufit.stacks.neutron.versions import find_release
from npufit.stacks.rule import Evidence


def seen_in_log(network: SourceNetwork, text: str, release: str, source: str) -> SeenConversion:
    """Return what a converter's log says about `network`; of `release` unless it states another.

    Raises InputError if it has no counts of operators, or those of another network.
    """
    counts = read_statistics(text)
    if counts.optimized is None or counts.converted is None:
        raise InputError(
            f"{source}: no operator counts of NXP's converter. Give everything that it printed: the lines `Number of "
            "operators after optimize` and `Operator conversion ratio` are needed."
        )
    if counts.imported is not None and counts.imported != len(network):
        raise InputError(
            f"{source}: the log counts {counts.imported} operators after import, {network.name} has {len(network)}. "
            "Give the log of this file."
        )
    if not 0 <= counts.converted <= counts.optimized:
        raise InputError(f"{source}: {counts.converted} of {counts.optimized} operators converted is impossible.")
    listed = counts.indices if all(index < counts.optimized for index in counts.indices) else ()
    return SeenConversion(
        network=network,
        bounds=_bounds(network, counts.optimized, counts.converted, listed),
        what=f"{counts.converted} of {counts.optimized} operators",
        release=_release(stated_version(text), release),
        source=source,
        evidence=Evidence.EXECUTED,
    )


def seen_in_file(network: SourceNetwork, converted: Model, release: str, source: str) -> SeenConversion:
    """Return what the file that the converter made of `network` says; of `release` unless it is stamped with another.

    Raises InputError if no operator of the source can be found in it.
    """
    fate = trace(network.model, converted)
    if not fate.cpu and not fate.npu:
        raise InputError(f"{source}: none of its operators is one of {network.name}. Give the file converted from it.")
    stamp = read_stamp(converted).version if is_converted(converted) else None
    return SeenConversion(
        network=network,
        bounds=exact_bounds(network, fate.npu, fate.cpu),
        what=f"{len(fate.npu)} of {len(network)} operators",
        release=_release(stamp or "", release),
        source=source,
        evidence=Evidence.EXECUTED,
    )


def seen_in_conversion(network: SourceNetwork, conversion: Conversion, release: str, setting: str) -> SeenConversion:
    """Return what one run of the converter shows of `network`."""
    fate = trace(network.model, conversion.model)
    stated = stated_version(conversion.log) or read_stamp(conversion.model).version or ""
    return SeenConversion(
        network=network,
        bounds=exact_bounds(network, fate.npu, fate.cpu),
        what=f"{len(fate.npu)} of {len(network)} operators",
        release=_release(stated, release),
        source="this run of the converter",
        evidence=Evidence.EXECUTED,
        setting=setting,
    )


def _bounds(network: SourceNetwork, total: int, converted: int, listed: tuple[int, ...]) -> Bounds:
    if total == len(network) and (listed or converted in (0, total)):
        # As many operators as in the source: the optimization changed nothing, so the numbers are those of the source.
        taken = frozenset(listed) if listed else frozenset(range(converted))
        return exact_bounds(network, taken, frozenset(range(total)) - taken)
    return counted_bounds(network, total, converted, listed or None)


def _release(stated: str, default: str) -> str:
    found = find_release(stated) if stated else None
    return default if found is None else found.version
