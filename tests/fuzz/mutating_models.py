"""Damage to what a file says rather than to its bytes, so that it gets past the reader and into the commands.

Every mutation takes a model and returns one that the writer can write; whether it makes sense is left to chance.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import fields, replace
from enum import Enum
from typing import Any

from npufit.graph import (
    CUSTOM,
    NO_BUFFER,
    NO_TENSOR,
    Buffer,
    ElementType,
    Model,
    Operator,
    OtherOptions,
    Quantization,
    Subgraph,
    Tensor,
)

_INT32 = (-(1 << 31), -7, -1, 0, 1, 2, 3, 4, 5, 16, 255, 65536, (1 << 31) - 1)
_SIZES = (0, 1, 1, 2, 3, 4, 7, 8, 16, 17, 64, 1000, 1 << 20, (1 << 31) - 1)
_REALS = (0.0, -0.0, 1.0, -1.0, 1e-30, 3.4e38, 0.1, 0.5, float("inf"), float("-inf"), float("nan"))
_POINTS = (0, 1, -1, 127, -128, 128, 255, 1 << 31, -(1 << 63), (1 << 63) - 1)
_NAMES = ("", "a" * 3000, "\x1b]0;x\x07", "tab\tand\nline", "|*`<b>", "%s{0}", "\u202e\u00e9\U0001f600", "a/b;c", "t0")
_CODES = ("", "ethos-u", "NeutronGraph", "TFLite_Detection_PostProcess", "Flex\x1bErf", "DISPATCH_OP", "|")
_Mutation = Callable[[Model, random.Random], Model]


def mutate(model: Model, donor: Model, kinds: tuple[str, ...], rng: random.Random) -> Model:
    """Return `model` after one to four mutations. Options may come from `donor`, operator types from `kinds`."""
    for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
        choice = rng.randrange(len(_MUTATIONS) + 2)
        if choice == len(_MUTATIONS):
            model = _foreign_options(model, donor, rng)
        elif choice == len(_MUTATIONS) + 1:
            model = _change_operator(model, rng, lambda operator: _as(operator, rng.choice(kinds), rng))
        else:
            model = _MUTATIONS[choice](model, rng)
    return model


def _as(operator: Operator, kind: str, rng: random.Random) -> Operator:
    return replace(operator, type=kind, custom_code=rng.choice(_CODES) if kind == CUSTOM else None)


def _foreign_options(model: Model, donor: Model, rng: random.Random) -> Model:
    options = [operator.options for subgraph in donor.subgraphs for operator in subgraph.operators]
    return _change_operator(model, rng, lambda operator: replace(operator, options=rng.choice([None, *options])))


def _change_subgraph(model: Model, rng: random.Random, change: Callable[[Subgraph], Subgraph]) -> Model:
    number = rng.randrange(len(model.subgraphs))
    changed = change(model.subgraphs[number])
    return replace(model, subgraphs=(*model.subgraphs[:number], changed, *model.subgraphs[number + 1 :]))


def _change_operator(model: Model, rng: random.Random, change: Callable[[Operator], Operator]) -> Model:
    def within(subgraph: Subgraph) -> Subgraph:
        if not subgraph.operators:
            return subgraph
        place = rng.randrange(len(subgraph.operators))
        changed = change(subgraph.operators[place])
        operators = (*subgraph.operators[:place], changed, *subgraph.operators[place + 1 :])
        return replace(subgraph, operators=operators)

    return _change_subgraph(model, rng, within)


def _change_tensor(model: Model, rng: random.Random, change: Callable[[Tensor], Tensor]) -> Model:
    def within(subgraph: Subgraph) -> Subgraph:
        if not subgraph.tensors:
            return subgraph
        place = rng.randrange(len(subgraph.tensors))
        changed = change(subgraph.tensors[place])
        return replace(subgraph, tensors=(*subgraph.tensors[:place], changed, *subgraph.tensors[place + 1 :]))

    return _change_subgraph(model, rng, within)


def _change_list(values: tuple[int, ...], tensors: int, rng: random.Random) -> tuple[int, ...]:
    """Return operands with one more, one less, another one, one left out, or none."""
    entries = list(values)
    place = rng.randrange(len(entries)) if entries else 0
    drawn = rng.randrange(max(1, tensors))
    action = rng.randrange(6)
    if action == 0 and entries:
        del entries[-1]
    elif action == 1:
        entries.insert(place, drawn)
    elif action == 2 and entries:
        entries[place] = NO_TENSOR
    elif action == 3 and entries:
        entries[place] = drawn
    elif action == 4:
        entries.clear()
    else:
        rng.shuffle(entries)
    return tuple(entries)


def _operands(model: Model, rng: random.Random) -> Model:
    most = max(len(subgraph.tensors) for subgraph in model.subgraphs)

    def change(operator: Operator) -> Operator:
        if rng.random() < 0.7:
            return replace(operator, inputs=_change_list(operator.inputs, most, rng))
        return replace(operator, outputs=_change_list(operator.outputs, most, rng))

    return _change_operator(model, rng, change)


def _ends(model: Model, rng: random.Random) -> Model:
    def change(subgraph: Subgraph) -> Subgraph:
        if rng.random() < 0.5:
            return replace(subgraph, inputs=_change_list(subgraph.inputs, len(subgraph.tensors), rng))
        return replace(subgraph, outputs=_change_list(subgraph.outputs, len(subgraph.tensors), rng))

    return _change_subgraph(model, rng, change)


def _order(model: Model, rng: random.Random) -> Model:
    """Remove, repeat or move an operator, or remove all."""

    def change(subgraph: Subgraph) -> Subgraph:
        operators = list(subgraph.operators)
        if not operators:
            return subgraph
        place, action = rng.randrange(len(operators)), rng.randrange(8)
        if action < 3:
            del operators[place]
        elif action < 5:
            operators.insert(place, operators[place])
        elif action < 7:
            operators.insert(rng.randrange(len(operators)), operators.pop(place))
        else:
            operators.clear()
        return replace(subgraph, operators=tuple(operators))

    return _change_subgraph(model, rng, change)


def _subgraphs(model: Model, rng: random.Random) -> Model:
    """Add an empty subgraph or a copy of one, or remove the last."""
    action = rng.randrange(3)
    if action == 0 and len(model.subgraphs) > 1:
        return replace(model, subgraphs=model.subgraphs[:-1])
    added = Subgraph((), (), (), ()) if action == 1 else rng.choice(model.subgraphs)
    return replace(model, subgraphs=(*model.subgraphs, added))


def _options(model: Model, rng: random.Random) -> Model:
    """Put an extreme value into a field of an operator's options."""

    def change(operator: Operator) -> Operator:
        options: Any = operator.options
        if options is None:
            return operator
        if isinstance(options, OtherOptions):
            values = dict(options.fields)
        else:
            values = {field.name: getattr(options, field.name) for field in fields(options)}
        if not values:
            return operator
        name = rng.choice(sorted(values))
        values[name] = _extreme(values[name], rng)
        if isinstance(options, OtherOptions):
            return replace(operator, options=OtherOptions(options.table, tuple(values.items())))
        return replace(operator, options=replace(options, **{name: values[name]}))

    return _change_operator(model, rng, change)


def _extreme(value: Any, rng: random.Random) -> Any:
    if isinstance(value, Enum):
        return rng.choice(list(type(value)))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice(_INT32) if value not in (0, 1) or rng.random() < 0.5 else 1 - value
    if isinstance(value, float):
        return rng.choice(_REALS)
    if isinstance(value, tuple):
        return tuple(rng.choice(_INT32) for _ in range(rng.randrange(4)))
    return value


def _shape(model: Model, rng: random.Random) -> Model:
    def change(tensor: Tensor) -> Tensor:
        action, sizes = rng.randrange(8), list(tensor.shape or ())
        place = rng.randrange(len(sizes)) if sizes else 0
        if action == 0:
            return replace(tensor, shape=None)
        if action == 1:
            return replace(tensor, shape=(), has_rank=rng.random() < 0.5)
        if action == 2:
            return replace(tensor, shape_signature=tuple(rng.choice([-1, size]) for size in sizes))
        if action == 3 and sizes:
            del sizes[place]
        elif action == 4:
            sizes.insert(place, rng.choice(_SIZES))
        elif sizes:
            sizes[place] = rng.choice(_SIZES)
        return replace(tensor, shape=tuple(sizes))

    return _change_tensor(model, rng, change)


def _element(model: Model, rng: random.Random) -> Model:
    likely = [ElementType.INT8, ElementType.UINT8, ElementType.INT16, ElementType.INT32, ElementType.FLOAT32]
    drawn = rng.choice([*likely, *ElementType])
    return _change_tensor(model, rng, lambda tensor: replace(tensor, element=drawn))


def _quantization(model: Model, rng: random.Random) -> Model:
    def change(tensor: Tensor) -> Tensor:
        found, action = tensor.quantization, rng.randrange(6)
        if action == 0:
            found = Quantization()
        elif action == 1:
            found = replace(found, scales=(rng.choice(_REALS),))
        elif action == 2:
            found = replace(found, zero_points=(rng.choice(_POINTS),))
        elif action == 3:
            found = replace(found, zero_points=found.zero_points[:-1])
        elif action == 4:
            count = rng.choice((2, 3, (tensor.shape or (4,))[-1] % 4096))
            found = Quantization(tuple(rng.choice(_REALS) for _ in range(count)), (0,) * count, found.axis)
        else:
            found = replace(found, axis=rng.choice((-1, 0, 1, 2, 3, 4, 99)))
        return replace(tensor, quantization=found)

    return _change_tensor(model, rng, change)


def _constant(model: Model, rng: random.Random) -> Model:
    """Make a constant longer, shorter, empty, of other values, or an activation; or an activation a constant."""

    def change(tensor: Tensor) -> Tensor:
        data, action = bytes(tensor.buffer.data), rng.randrange(7)
        if action == 0:
            return replace(tensor, buffer=NO_BUFFER)
        if action == 1:
            return replace(tensor, buffer=Buffer(data[: len(data) // 2]))
        if action == 2:
            return replace(tensor, buffer=Buffer(data + b"\x01" * rng.choice((1, 4, 64))))
        if action == 3:
            return replace(tensor, is_variable=not tensor.is_variable)
        count = min(max(4, len(data), tensor.size_bytes), 4096)
        if action == 4:
            return replace(tensor, buffer=Buffer(rng.randbytes(count)))
        values = [rng.choice(_INT32) for _ in range(count // 4)]
        return replace(tensor, buffer=Buffer(struct.pack(f"<{len(values)}i", *values)))

    return _change_tensor(model, rng, change)


def _names(model: Model, rng: random.Random) -> Model:
    drawn = rng.choice(_NAMES)
    if rng.random() < 0.2:
        return replace(model, description=drawn)
    return _change_tensor(model, rng, lambda tensor: replace(tensor, name=drawn))


def _version(model: Model, rng: random.Random) -> Model:
    drawn = rng.choice((-1, 0, 1, 2, 3, 99, (1 << 31) - 1))
    return _change_operator(model, rng, lambda operator: replace(operator, version=drawn))


def _custom(model: Model, rng: random.Random) -> Model:
    code, options = rng.choice(_CODES), rng.randbytes(rng.choice((0, 1, 8, 40)))
    return _change_operator(
        model, rng, lambda operator: replace(operator, type=CUSTOM, custom_code=code, custom_options=options)
    )


_MUTATIONS: tuple[_Mutation, ...] = (
    *(_operands, _operands, _operands, _shape, _shape, _shape, _options, _options, _options),
    *(_constant, _constant, _quantization, _quantization, _element, _order, _ends, _subgraphs),
    *(_names, _version, _custom),
)
