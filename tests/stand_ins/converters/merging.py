"""It writes a file as converters do: runs of taken operators become one custom operator, VendorNpu.

Taken is all that is int8, with strides of at most 2.
"""

from itertools import groupby

from stand_ins.reading import Graph


def place(graph: Graph) -> list[bool]:
    """Decide for each operator alone."""
    return [operator.inputs[0].element == "int8" and max(operator.stride) <= 2 for operator in graph]


def write(data: bytes, taken: list[bool], target: str) -> None:
    """Write the file in which each run of taken operators is one custom operator."""
    from dataclasses import replace

    from npufit.graph import CUSTOM, Operator, boundary
    from npufit.tflite import parse_model, serialize_model

    model = parse_model(data, "input")
    operators: list[Operator] = []
    for is_taken, run in groupby(range(len(taken)), key=taken.__getitem__):
        indices = list(run)
        if is_taken:
            edge = boundary(model.main, indices)
            operators.append(Operator(CUSTOM, edge.inputs, edge.outputs, custom_code="VendorNpu"))
        else:
            operators += [model.main.operators[index] for index in indices]
    merged = replace(model, subgraphs=(replace(model.main, operators=tuple(operators)), *model.subgraphs[1:]))
    with open(target, "wb") as file:
        file.write(serialize_model(merged))
