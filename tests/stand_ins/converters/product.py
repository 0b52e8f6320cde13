"""Convolutions sum at most 4,608 products: kh * kw * C. Pools have windows of at most 256 elements."""

from stand_ins.reading import Graph, Operator


def place(graph: Graph) -> list[bool]:
    """Decide for each operator alone."""
    return [_is_taken(operator) for operator in graph]


def _is_taken(operator: Operator) -> bool:
    window = operator.kernel[0] * operator.kernel[1]
    if operator.type == "CONV_2D":
        return window * operator.ifm[3] <= 4_608
    return not operator.type.endswith("POOL_2D") or window <= 256
