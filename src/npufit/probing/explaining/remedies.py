"""What would help if a hypothesis were true, as a command of npufit and in words."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.probing.explaining import variants
from npufit.stacks import Target
from npufit.stacks.neutron.hypotheses import Judgement, SeenConversion, SourceNetwork


def remedies(
    network: SourceNetwork, source: str, target: Target, judgements: Sequence[Judgement], seen: Sequence[SeenConversion]
) -> tuple[tuple[str, str, str], ...]:
    """Return for each open hypothesis its name, what would help, and the command for it, empty if there is none."""
    works = _largest_that_works(network, seen)
    filled = {} if works is None else {"like": _size(works), "line": _longest_line(works)}
    found: list[tuple[str, str, str]] = []
    for judgement in judgements:
        hypothesis = judgement.hypothesis
        if not (judgement.is_open and hypothesis.is_numbered):
            continue
        has_values = all(f"{{{name}}}" not in hypothesis.fit or name in filled for name in ("like", "line"))
        is_possible = bool(hypothesis.fit) and has_values and (hypothesis.name != "N3" or network.of_type("PAD"))
        command = f"npufit fit {source} -t {target} {hypothesis.fit.format(**filled)}" if is_possible else ""
        found.append((hypothesis.name, hypothesis.way_out, command))
    return tuple(found)


def _largest_that_works(network: SourceNetwork, seen: Sequence[SeenConversion]) -> SourceNetwork | None:
    complete = [
        entry.network
        for entry in seen
        if entry.is_complete and entry.network.types == network.types and variants.own_size(entry.network.model)
    ]
    return max(complete, key=lambda other: variants.own_size(other.model) or (0, 0), default=None)


def _size(network: SourceNetwork) -> str:
    height, width = variants.own_size(network.model) or (0, 0)
    return str(height) if height == width else f"{height}x{width}"


def _longest_line(network: SourceNetwork) -> int:
    values = network.values("line")
    return max((values[index] or 0 for index in network.expected), default=0)
