"""Everything is taken, but inputs that are 320 wide kill the program, and so do more than 1,000 channels."""

from stand_ins.ending import DeathError
from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Take everything, or die."""
    if any(operator.ifm[2] == 320 or operator.ifm[3] > 1_000 for operator in graph):
        raise DeathError("tiler: assertion `lines % banks == 0' failed")
    return [True] * len(graph)
