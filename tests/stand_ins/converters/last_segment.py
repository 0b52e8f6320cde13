"""PAD is never taken and splits the graph; only what follows the last one is kept."""

from stand_ins.grouping import segments
from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Take the last segment."""
    runs = segments(graph, lambda operator: operator.type == "PAD")
    return [bool(runs) and index in runs[-1] for index in range(len(graph))]
