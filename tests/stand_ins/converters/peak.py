"""A graph is taken if at most 1,000,000 bytes are live at once; otherwise its first operators, as far as they fit."""

from stand_ins.grouping import longest_prefix, peak_bytes
from stand_ins.reading import Graph

LIMIT = 1_000_000


def place(graph: Graph) -> list[bool]:
    """Take the longest prefix that fits."""
    kept = longest_prefix(list(range(len(graph))), lambda run: peak_bytes(graph, run) <= LIMIT)
    return [index in kept for index in range(len(graph))]
