"""Everything is taken, but windows that are higher than 7 are searched for ever."""

import time

from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Take everything, or do not end."""
    while any(operator.kernel[0] > 7 for operator in graph):
        time.sleep(60)
    return [True] * len(graph)
