"""An operator is taken if a row of its input, W * C, has at most 10,848 elements."""

from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Decide for each operator alone."""
    return [operator.ifm[2] * operator.ifm[3] <= 10_848 for operator in graph]
