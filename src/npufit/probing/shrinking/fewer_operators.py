"""The smallest part of a model's operators that still shows a symptom: delta debugging (Zeller, Hildebrandt 2002)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from npufit.graph import NO_TENSOR, Kind, Model, boundary, cut_out, operator_type


def keep_operators(model: Model, operators: Sequence[int]) -> Model:
    """Return a model of some operators of the main subgraph: what they read from others becomes an input.

    Without operators for control flow, other subgraphs go too.
    """
    part = cut_out(model, operators, boundary(model.main, operators).outputs)
    if not any(operator_type(operator).kind is Kind.CONTROL for operator in part.main.operators):
        part = replace(part, subgraphs=part.subgraphs[:1])
    return _compact(replace(part, name=model.name))


def fewest(count: int, shows: Callable[[Sequence[int]], bool]) -> tuple[int, ...]:
    """Return operators of which none can be left out, so that the rest still `shows` it; all `count` of them do."""
    kept = tuple(range(count))
    parts = 2
    while len(kept) > 1:
        step = -(-len(kept) // parts)
        chunks = [kept[start : start + step] for start in range(0, len(kept), step)]
        smaller = next((chunk for chunk in chunks if shows(chunk)), None) if len(chunks) < len(kept) else None
        if smaller is not None:
            kept, parts = smaller, 2
            continue
        rests = (tuple(it for it in kept if it not in chunk) for chunk in map(frozenset, chunks))
        smaller = next((rest for rest in rests if shows(rest)), None)
        if smaller is not None:
            kept, parts = smaller, max(2, parts - 1)
        elif step == 1:
            break
        else:
            parts = min(len(kept), 2 * parts)
    return kept


def _compact(model: Model) -> Model:
    """Return `model` without tensors that nothing touches, and without what only readers of the whole file need."""
    main = model.main
    if len(model.subgraphs) > 1:
        return model
    touched = {*main.inputs, *main.outputs}
    for operator in main.operators:
        touched.update(operator.inputs, operator.intermediates, operator.outputs)
    order = sorted(touched - {NO_TENSOR})
    place = {old: new for new, old in enumerate(order)} | {NO_TENSOR: NO_TENSOR}

    def moved(tensors: Sequence[int]) -> tuple[int, ...]:
        return tuple(place[tensor] for tensor in tensors)

    operators = tuple(
        replace(
            operator,
            inputs=moved(operator.inputs),
            outputs=moved(operator.outputs),
            intermediates=moved(operator.intermediates),
        )
        for operator in main.operators
    )
    subgraph = replace(
        main,
        tensors=tuple(main.tensors[index] for index in order),
        inputs=moved(main.inputs),
        outputs=moved(main.outputs),
        operators=operators,
    )
    return Model(model.name, (subgraph,), version=model.version)
