"""Notes on compiled streams, to read before trusting their results on a board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from npufit.chips import load_chip
from npufit.ethosu import CompiledCall
from npufit.execution.compare import Comparison
from npufit.execution.values import Values
from npufit.formatting import shorten
from npufit.graph import NO_TENSOR, Model, wire
from npufit.stacks import Target

_MOST_MERGED = 4


def notes_on(calls: Sequence[CompiledCall], target: Target) -> tuple[str, ...]:
    """Return notes on calls that were compiled for another accelerator than that of `target`, a sentence each."""
    return tuple(_accelerators(calls, target))


def _accelerators(calls: Sequence[CompiledCall], target: Target) -> Iterator[str]:
    own = load_chip(target.chip).stack_settings(target.stack)["accelerator"].value
    for other in dict.fromkeys(call.program.accelerator for call in calls):
        if other and other != own:
            yield (
                f"compiled for {other} and executed accordingly; {target.chip} has {own}, which does not run it. "
                "Compile the original model again for a board."
            )


def name_merged(model: Model, comparison: Comparison, known: Values) -> Comparison:
    """Return `comparison` with a note at each difference that may come from an operator merged into the named one.

    Vela merges, for example, FULLY_CONNECTED and the look-up of a LOGISTIC; the value between them is never stored.
    """
    noted = tuple(
        found if found.is_equal or found.note else replace(found, note=_merged_before(model, found.operator, known))
        for found in comparison.tensors
    )
    return replace(comparison, tensors=noted)


def _merged_before(model: Model, last: int, known: Values) -> str:
    main = model.main
    producer = wire(main).producer
    found: list[int] = []
    waiting = [last]
    while waiting:
        for tensor in main.operators[waiting.pop()].inputs:
            maker = None if tensor == NO_TENSOR or tensor in known else producer[tensor]
            if maker is not None and maker not in found:
                found.append(maker)
                waiting.append(maker)
    if not found:
        return ""
    named = ", ".join(f"{index} {shorten(main.operators[index].name, 40)}" for index in sorted(found)[-_MOST_MERGED:])
    more = f" and {len(found) - _MOST_MERGED} more" if len(found) > _MOST_MERGED else ""
    return f"or from operators merged into it: {named}{more}"
