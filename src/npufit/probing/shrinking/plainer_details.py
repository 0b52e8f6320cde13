"""The same operators with plainer details: no fused activation, steps of 1, one scale per tensor, weights of zeros."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from npufit.graph import Activation, Buffer, Model, Operator, Quantization
from npufit.probing.shrinking.smaller_sizes import with_operator

_ONES = frozenset({"stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor"})


def plainer(model: Model) -> Iterator[tuple[str, Model]]:
    """Yield models that differ from `model` in one detail, with what was made plainer in words."""
    for index, operator in enumerate(model.main.operators):
        for words, options in _plainer_options(operator):
            changed = with_operator(model, index, replace(operator, options=options))
            if changed is not None:
                yield f"{operator.name} {words}", changed
    for index, tensor in enumerate(model.main.tensors):
        if len(tensor.quantization.scales) > 1:
            one = Quantization(tensor.quantization.scales[:1], tensor.quantization.zero_points[:1])
            yield "one scale per tensor", _with_tensor(model, index, quantization=one)
        data = tensor.buffer.data
        if len(data) > _SIZING_BYTES and any(data):
            yield "constants of zeros", _with_tensor(model, index, buffer=Buffer(bytes(len(data))))


_SIZING_BYTES = 64
"""Smaller constants may be sizes, axes or shapes."""


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
