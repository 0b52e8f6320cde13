"""A whole graph is taken if its activations and weights together have at most 4 MiB.

If they have more, the converter tries again without the first operator, and so on: a suffix is left.
"""

from stand_ins.grouping import activation_bytes, longest_suffix, weights_bytes
from stand_ins.reading import Graph

LIMIT = 4 << 20


def place(graph: Graph) -> list[bool]:
    """Take the longest suffix that fits."""
    kept = longest_suffix(
        list(range(len(graph))), lambda run: activation_bytes(graph, run) + weights_bytes(graph, run) <= LIMIT
    )
    return [index in kept for index in range(len(graph))]
