"""Everything is taken, but windows that are higher than 7 are searched for ever."""

from stand_ins.ending import EndlessError
from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Take everything, or do not end."""
    if any(operator.kernel[0] > 7 for operator in graph):
        raise EndlessError
    return [True] * len(graph)
