"""Channels of the input are a multiple of 16, those of a CONV_2D's output a multiple of 8. int8 alone."""

from stand_ins.reading import Graph, Operator


def place(graph: Graph) -> list[bool]:
    """Decide for each operator alone."""
    return [_is_taken(operator) for operator in graph]


def _is_taken(operator: Operator) -> bool:
    if operator.inputs[0].element != "int8" or operator.ifm[3] % 16:
        return False
    return operator.type != "CONV_2D" or operator.outputs[0].shape[-1] % 8 == 0
