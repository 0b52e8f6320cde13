"""An operator is taken if each of its tensors, weights included, has at most 786,432 bytes. 8 and 16 bits only."""

from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Decide for each operator alone."""
    return [
        operator.inputs[0].element in ("int8", "uint8", "int16")
        and all(tensor.size <= 786_432 for tensor in (*operator.activations, *operator.inputs))
        for operator in graph
    ]
