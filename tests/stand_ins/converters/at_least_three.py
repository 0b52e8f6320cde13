"""Fewer than three operators are not worth a call of the NPU: such graphs are not taken."""

from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Take all or nothing."""
    return [len(graph) >= 3] * len(graph)
