"""Lines of a log that count nodes: how many of a model's nodes a delegate took, and in how many partitions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

DELEGATE_NAME = r"([\w-]{1,80}(?: Delegate)?)"
"""The name of a delegate in a message, as a regular expression with one group."""

_NODES = r"(?P<took>\d{1,9}) nodes delegated out of (?P<of>\d{1,9})(?: nodes with (?P<partitions>\d{1,9}) partition)?"
_REPLACING = "Replacing "
_TEFLON = "teflon: compiling graph: "
"""Printed by TEFLON_DEBUG=verbose, once for each partition."""

_COUNTED = (
    re.compile(rf"(?P<name>{DELEGATE_NAME})(?: delegate)?: {_NODES}"),
    re.compile(rf"^(?P<name>){_NODES}"),
    re.compile(
        rf"{_REPLACING}(?P<took>\d{{1,9}}) out of (?P<of>\d{{1,9}}) node\(s\) with delegate "
        r"\((?P<name>[^)\n]{1,80})\) node(?:, yielding (?P<partitions>\d{1,9}) partition)?"
    ),
    re.compile(r"^(?P<name>teflon): compiling graph: \d{1,9} tensors (?P<took>\d{1,9}) operations"),
)
_EXECUTED = re.compile(
    rf"Explicitly applied {DELEGATE_NAME} delegate, and the model graph will be "
    r"(?:(completely)|partially) executed by the delegate(?: w/ (\d{1,9}) delegate kernels)?"
)
"""Sources: TensorFlow's subgraph.cc and benchmark_tflite_model.cc; NXP's, Synaptics' and Mesa's delegates."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes that a delegate took, out of how many, in how many partitions, and the line that says it.

    None for what the line does not say.
    """

    name: str
    took: int | None = None
    of: int | None = None
    partitions: int | None = None
    line: str = ""

    @property
    def is_of_runtime(self) -> bool:
        """True if the runtime counted, once for each subgraph; False if the delegate itself or the tool did."""
        return _REPLACING in self.line


def read_nodes(line: str) -> Nodes | None:
    """Return what `line` counts, None if it counts no nodes."""
    if "node" not in line and not line.startswith(_TEFLON):
        return None
    match = next((match for pattern in _COUNTED if (match := pattern.search(line))), None)
    if match is None:
        return None
    found = match.groupdict()
    of, partitions = found.get("of"), found.get("partitions", "1")
    return Nodes(
        name=found["name"],
        took=int(found["took"]),
        of=None if of is None else int(of),
        partitions=None if partitions is None else int(partitions),
        line=line,
    )


def read_kernels(line: str) -> Nodes | None:
    """Return the partitions that benchmark_model counts in `line` once the graph is divided, None if it does not."""
    match = _EXECUTED.search(line)
    if match is None:
        return None
    return Nodes(match[1], partitions=1 if match[2] else int(match[3]) if match[3] else None, line=line)


def add_nodes(counts: Iterable[Nodes]) -> Nodes | None:
    """Return the sum of the lines about one delegate, the runtime's where it counted; None if there is none."""
    all_counts = tuple(counts)
    lines = tuple(count for count in all_counts if count.is_of_runtime) or tuple(
        count for count in all_counts if count.took is not None
    )
    if not lines:
        return next(iter(all_counts), None)
    return Nodes(
        name=lines[0].name,
        took=sum(count.took or 0 for count in lines),
        of=_sum([count.of for count in lines]),
        partitions=_sum([count.partitions for count in lines]) or _sum([count.partitions for count in all_counts]),
        line=lines[0].line,
    )


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
