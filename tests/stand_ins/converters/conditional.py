"""CONV_2D: strides above 3 only with VALID, and never above 6. AVERAGE_POOL_2D: no window above 16 with SAME."""

from stand_ins.reading import Graph, Operator


def place(graph: Graph) -> list[bool]:
    """Decide for each operator alone."""
    return [_is_taken(operator) for operator in graph]


def _is_taken(operator: Operator) -> bool:
    if operator.type == "CONV_2D":
        return max(operator.stride) <= (6 if operator.padding == "VALID" else 3)
    return operator.type != "AVERAGE_POOL_2D" or operator.padding == "VALID" or max(operator.kernel) <= 16
