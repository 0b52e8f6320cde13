"""A stand-in for NXP's converter, which is closed and not here. It says so in its first line of output.

It takes the documented options, writes a file of the documented form and prints the log of converter 2.0.2 as it
was seen in public. It decides by operator type, which the real one does not do, and its microcode is a text.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from npufit.graph import CUSTOM, Buffer, ElementType, Metadata, Model, Operator, Subgraph, Tensor, wire
from npufit.tflite import read_model, serialize_model

FIRST_LINE = "This is npufit's stand-in for neutron-converter: it converts nothing."
KERNELS = Buffer(b"kernels, shared by all graphs" + bytes(3))


@dataclass(frozen=True, slots=True)
class Convention:
    """What the stand-in writes: what is left on the CPU (types, indices), stamps, payload parts, index list, names."""

    left: frozenset[str] = frozenset()
    left_operators: frozenset[int] = frozenset()
    version: str | None = "2.0.2+0X0cebb80a"
    target: str | None = "imx95"
    payload: int = 3
    lists_sources: bool = False
    prefix: str = ""

    def leaves(self, index: int, operator: Operator) -> bool:
        """Return whether an operator stays on the CPU."""
        return operator.type in self.left or index in self.left_operators


@dataclass(frozen=True, slots=True)
class Converted:
    """The converted model, and which source operators went into each NeutronGraph."""

    model: Model
    groups: tuple[tuple[int, ...], ...]


def convert_model(model: Model, convention: Convention) -> Converted:
    """Return `model` with each run of convertible operators replaced by one NeutronGraph."""
    graph = model.main
    tensors = [replace(tensor, name=convention.prefix + tensor.name) for tensor in graph.tensors]
    operators: list[Operator] = []
    groups: list[tuple[int, ...]] = []
    group: list[int] = []
    for index, operator in enumerate(graph.operators):
        if not convention.leaves(index, operator):
            group.append(index)
            continue
        _close(graph, group, groups, tensors, operators, convention)
        operators.append(operator)
    _close(graph, group, groups, tensors, operators, convention)
    left = [index for index, operator in enumerate(graph.operators) if convention.leaves(index, operator)]
    metadata = list(model.metadata)
    if convention.lists_sources:
        data = b"".join(index.to_bytes(4, "little", signed=True) for index in left)
        metadata.append(Metadata("neutron_sourceIndex_0", Buffer(data)))
    main = replace(graph, tensors=tuple(tensors), operators=tuple(operators))
    return Converted(replace(model, subgraphs=(main,), metadata=tuple(metadata)), tuple(groups))


def _close(
    graph: Subgraph,
    group: list[int],
    groups: list[tuple[int, ...]],
    tensors: list[Tensor],
    operators: list[Operator],
    convention: Convention,
) -> None:
    if not group:
        return
    wiring = wire(graph)
    inside = set(group)
    read = dict.fromkeys(tensor for index in group for tensor in graph.operators[index].inputs if tensor >= 0)
    inputs = [t for t in read if wiring.producer[t] not in inside and not graph.tensors[t].is_constant]
    written = [tensor for index in group for tensor in graph.operators[index].outputs]
    outputs = [t for t in written if t in graph.outputs or not inside.issuperset(wiring.consumers[t])]
    stamps = [f"Version: {convention.version}"] if convention.version else []
    stamps += [f"Target: {convention.target}"] if convention.target else []
    microcode = Buffer("\0".join(["NeutronMicrocode", *stamps, f"stand-in {len(groups)}"]).encode())
    parts = (microcode, Buffer(b"weights" * (len(groups) + 1)), KERNELS)[: convention.payload]
    payload = [
        _add(tensors, f"neutron_payload_{len(groups)}_{n}", part.size_bytes, part) for n, part in enumerate(parts)
    ]
    scratch = _add(tensors, f"neutron_scratch_{len(groups)}", 4096, None)
    operators.append(Operator(CUSTOM, (*inputs, *payload), (*outputs, scratch), custom_code="NeutronGraph"))
    groups.append(tuple(group))
    group.clear()


def _add(tensors: list[Tensor], name: str, size: int, buffer: Buffer | None) -> int:
    tensor = Tensor(name, (size,), ElementType.UINT8)
    tensors.append(tensor if buffer is None else replace(tensor, buffer=buffer))
    return len(tensors) - 1


def write_log(source: Model, converted: Converted, target: str) -> str:
    """Return the log in the form of converter 2.0.2."""
    count = len(source.main.operators)
    inside = sorted(index for group in converted.groups for index in group)
    left = count - len(inside)
    rounds = "Starting Tile scheduling. This might take a while.\n[====] 100 %\n"
    rounds += "Starting TCM allocation. This might take a while.\n[====] 100 %\n"
    return (
        f"{FIRST_LINE}\nConverting model with the following options:\n  Target = {target}\n"
        f"{rounds * len(converted.groups)}Conversion statistics:\n"
        f"  Number of operators after import    = {count}\n"
        f"  Number of operators after optimize  = {count}\n"
        f"    Number of operators converted     = {len(inside)}\n"
        f"    Number of operators NOT converted = {left}\n"
        f"  Number of operators after extract   = {len(converted.groups) + left}\n"
        f"    Number of Neutron graphs          = {len(converted.groups)}\n"
        f"    Number of operators NOT converted = {left}\n"
        f"  Operator conversion ratio           = {len(inside)} / {count} = {len(inside) / count:.5f}\n"
        f"  Operators converted                 = {','.join(map(str, inside))},\n"
        "Time for generation   = 0.001 (seconds)\n"
    )


def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--stand-in", default="", help="what to do wrong")
    parser.add_argument("--left", default="", help="operator types that stay on the CPU")
    parser.add_argument("--list-sources", action="store_true")
    parser.add_argument("--prefix", default="", help="renames every tensor")
    given = parser.parse_args()
    sys.stdout.write(FIRST_LINE + "\n")
    sys.stdout.flush()
    if given.stand_in == "hang":
        # A child of its own that keeps the pipe open: only the end of the whole group ends both.
        subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], check=False)
    if given.stand_in == "flood":
        sys.stdout.write("[=====] 100 %\n" * 400_000)
    if given.stand_in == "fail":
        sys.stdout.write("Global format selection has failed\n")
        return 3
    if given.stand_in == "silent":
        return 0
    if given.stand_in == "garbage":
        Path(given.output).write_bytes(b"not a model, however long one looks at it")
        return 0
    source = read_model(given.input)
    convention = Convention(
        left=frozenset(given.left.split(",")), lists_sources=given.list_sources, prefix=given.prefix
    )
    converted = convert_model(source, convention)
    Path(given.output).write_bytes(serialize_model(converted.model))
    sys.stdout.write(write_log(source, converted, given.target))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
