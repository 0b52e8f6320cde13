"""The same operators with plainer details: no fused activation, steps of 1, one scale per tensor, weights of zeros."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from npufit.graph import Activation, Buffer, Model, Operator, Quantization, Role, Subgraph, operator_type
from npufit.probing.shrinking.smaller_sizes import with_operator

_ONES = frozenset({"stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor"})


def plainer(model: Model) -> Iterator[tuple[str, Model]]:
    """Yield models that differ from `model` in one detail, with what was made plainer in words."""
    for index, operator in enumerate(model.main.operators):
        for words, options in _plainer_options(operator):
            changed = with_operator(model, index, replace(operator, options=options))
            if changed is not None:
                yield f"{operator.name} {words}", changed
    arithmetic = _arithmetic_constants(model.main)
    for index, tensor in enumerate(model.main.tensors):
        if len(tensor.quantization.scales) > 1:
            one = Quantization(tensor.quantization.scales[:1], tensor.quantization.zero_points[:1])
            yield "one scale per tensor", _with_tensor(model, index, quantization=one)
        data = tensor.buffer.data
        if index in arithmetic and any(data):
            yield "constants of zeros", _with_tensor(model, index, buffer=Buffer(bytes(len(data))))


_VALUES = (Role.DATA, Role.WEIGHTS, Role.BIAS, Role.PARAMETER)
"""The roles of constants that are only multiplied or added; others are sizes, axes and the like."""


def _arithmetic_constants(main: Subgraph) -> frozenset[int]:
    """Return the constants whose values decide nothing but results."""
    roles: dict[int, set[Role | None]] = {}
    for operator in main.operators:
        for place, index in enumerate(operator.inputs):
            roles.setdefault(index, set()).add(operator_type(operator).role(place))
    return frozenset(index for index, found in roles.items() if found.issubset(_VALUES))


def _plainer_options(operator: Operator) -> Iterator[tuple[str, object]]:
    options = operator.options
    if options is None:
        return
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name in _ONES and value > 1:
            yield f"with {field.name} 1", replace(options, **{field.name: 1})
        if isinstance(value, Activation) and value is not Activation.NONE:
            yield "without its activation", replace(options, **{field.name: Activation.NONE})


def _with_tensor(model: Model, index: int, **changes: object) -> Model:
    main = model.main
    tensor = replace(main.tensors[index], **changes)
    tensors = (*main.tensors[:index], tensor, *main.tensors[index + 1 :])
    return replace(model, subgraphs=(replace(main, tensors=tensors), *model.subgraphs[1:]))
