"""Notes on how the Vela that ran differs from the one for a board: forks, older releases, counts that Vela prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from npufit.formatting import plural, shorten
from npufit.graph import NO_TENSOR, Model, Subgraph
from npufit.stacks.placement import Note, OperatorPlacement, Unit
from npufit.stacks.rule import Evidence
from npufit.stacks.target import Target
from npufit.stacks.vela.compilation import Compilation
from npufit.stacks.vela.compiler import Compiler
from npufit.stacks.vela.releases import BSPS, find_release
from npufit.stacks.vela.translated import translated_types

_MOST_TYPES = 4
_MOST_DIMENSIONS = 4


def fork_note(compiler: Compiler) -> tuple[Note, ...]:
    """Return a note if an upstream release stood in for a fork."""
    bsp = compiler.stands_for
    if not bsp:
        return ()
    text = (
        f"{bsp} ships NXP's fork of Vela {compiler.number}; this file was compiled with the upstream release "
        f"{compiler.version}. Forks print different operator counts from the releases with their number for "
        f"ShuffleNet, YOLO and transformer networks (npufit toolchain install vela --from FORK --as {bsp} installs "
        "one)"
    )
    return (Note(text, Evidence.OBSERVED, "both run on public networks, releases 3.5, 3.8 and 3.10"),)


def older_note(
    model: Model, target: Target, compiler: Compiler, operators: Sequence[OperatorPlacement]
) -> tuple[Note, ...]:
    """Return a note if the older releases on boards leave more to the CPU than `compiler`, which is Vela 5."""
    if not compiler.is_regor or compiler.stands_for:
        return ()
    shipped = [(bsp, bsp.release) for bsp in BSPS if bsp.release is not None and find_release(bsp.release) is not None]
    newest, number = shipped[-1]
    known = translated_types(number)
    if known is None:
        return ()
    found = Counter(
        what
        for placed in operators
        if placed.unit is Unit.NPU
        and (what := _unknown_to(known, model.subgraphs[placed.id.subgraph], placed.id.index))
    )
    if not found:
        return ()
    names = ", ".join(f"{count} {shorten(what, 60)}" for what, count in list(found.items())[:_MOST_TYPES])
    more = "" if len(found) <= _MOST_TYPES else f" and {plural(len(found) - _MOST_TYPES, 'other kind')}"
    text = (
        f"NXP's BSPs ship Vela {shipped[0][1]} to {number}. These leave at least the following on the CPU, which Vela "
        f"{compiler.number} takes: {names}{more} (-t {target.chip}/{target.stack}@{newest.name} shows everything)"
    )
    return (Note(text, Evidence.SOURCE, f"Vela {number}: supported operators and constraints"),)


def _unknown_to(types: frozenset[str], subgraph: Subgraph, index: int) -> str:
    """Return why the releases with a recipe for `types` do not take an operator, empty if they may."""
    operator = subgraph.operators[index]
    if operator.type not in types:
        return operator.type
    tensors = [subgraph.tensors[tensor] for tensor in (*operator.inputs, *operator.outputs) if tensor != NO_TENSOR]
    if any(tensor.shape is not None and len(tensor.shape) > _MOST_DIMENSIONS for tensor in tensors):
        return f"{operator.type} with more than {_MOST_DIMENSIONS} dimensions"
    shape = operator.input(1) if operator.type == "RESHAPE" else NO_TENSOR
    if shape != NO_TENSOR and not subgraph.tensors[shape].is_constant:
        return "RESHAPE with a computed shape"
    return ""


def count_note(
    compiler: Compiler, compilation: Compilation, operators: Sequence[OperatorPlacement]
) -> tuple[Note, ...]:
    """Return a note if the count that an older Vela prints is not that of its file."""
    left = sum(placed.unit is Unit.CPU for placed in operators)
    if compiler.is_regor or compilation.printed_cpu is None or compilation.printed_cpu == left:
        return ()
    text = (
        f"Vela prints CPU operators = {compilation.printed_cpu}; its file has {left} of the model's. Vela counts only "
        "those that it finds from the outputs of its own graph"
    )
    return (Note(text, Evidence.EXECUTED, f"Vela {compiler.version}: output and compiled file"),)
