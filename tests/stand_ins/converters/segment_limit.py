"""PAD is never taken and splits the graph. A segment is taken if its operators write at most 1,500,000 bytes."""

from stand_ins.grouping import output_bytes, segments
from stand_ins.reading import Graph

LIMIT = 1_500_000


def place(graph: Graph) -> list[bool]:
    """Take whole segments, or nothing of them."""
    runs = segments(graph, lambda operator: operator.type == "PAD")
    kept = {index for run in runs if output_bytes(graph, run) <= LIMIT for index in run}
    return [index in kept for index in range(len(graph))]
