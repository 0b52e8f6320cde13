"""At most 24 operators in a graph: larger ones are not taken at all. The program ends with an error above 96."""

import sys

from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Take all or nothing."""
    if len(graph) > 96:
        sys.exit("error: cannot schedule 97 or more operators")
    return [len(graph) <= 24] * len(graph)
