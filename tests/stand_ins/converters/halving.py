"""A graph is taken if its feature maps have at most 2 MiB. Otherwise the converter tries its second half, and so on."""

from stand_ins.grouping import activation_bytes
from stand_ins.reading import Graph

LIMIT = 2 << 20


def place(graph: Graph) -> list[bool]:
    """Take the first of ever shorter second halves that fits."""
    run = list(range(len(graph)))
    while run and activation_bytes(graph, run) > LIMIT:
        run = run[len(run) // 2 + len(run) % 2 :]
    return [index in run for index in range(len(graph))]
