"""Small networks with weights that matter, placements for passes, and the comparison of before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from npufit.execution import Reference
from npufit.graph import (
    NO_BUFFER,
    NOT_QUANTIZED,
    Activation,
    Buffer,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    Metadata,
    Model,
    Operator,
    Options,
    Padding,
    Pool2DOptions,
    Quantization,
    Signature,
    Subgraph,
    Tensor,
    validate,
)
from npufit.rewrite import Context, Pass, Rewritten
from npufit.stacks import Placement, PlaceOptions, Target, load_stack
from npufit.tflite import parse_model, serialize_model

INT8, UINT8, INT32, FLOAT32 = ElementType.INT8, ElementType.UINT8, ElementType.INT32, ElementType.FLOAT32


def quantized(scale: float, zero_point: int = 0) -> Quantization:
    """Return the quantization of a whole tensor; the scale is rounded to what a file holds."""
    return Quantization((float(np.float32(scale)),), (zero_point,))


HALF = quantized(0.05, -128)

_VERSIONS: dict[str, int] = dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SHAPE", "QUANTIZE", "PACK", "ABS"), 1)
"""The versions that LiteRT wants for these operators; 2 is int8 for the others."""


class Net:
    """A network under construction; weights are seeded. Methods return the index of the tensor that they add."""

    def __init__(self, element: ElementType = INT8, seed: int = 0) -> None:
        self.element = element
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.inputs: list[int] = []
        self._generator = np.random.default_rng(seed)

    def tensor(self, shape: Sequence[int], quantization: Quantization, element: ElementType | None = None) -> int:
        """Add a tensor that nobody writes yet."""
        name = f"t{len(self.tensors)}"
        self.tensors.append(Tensor(name, tuple(shape), element or self.element, quantization, NO_BUFFER))
        return len(self.tensors) - 1

    def input(self, *shape: int, quantization: Quantization = HALF, element: ElementType | None = None) -> int:
        """Add an input."""
        index = self.tensor(shape, quantization, element)
        self.inputs.append(index)
        return index

    def constant(self, values: Any, quantization: Quantization = NOT_QUANTIZED) -> int:
        """Add a constant that holds a NumPy array; lists become int32."""
        array = np.asarray(values, None if isinstance(values, np.ndarray) else np.int32)
        element = ElementType(array.dtype.name)
        name = f"t{len(self.tensors)}"
        self.tensors.append(Tensor(name, array.shape, element, quantization, Buffer(array.tobytes())))
        return len(self.tensors) - 1

    def random(self, *shape: int, quantization: Quantization = NOT_QUANTIZED) -> int:
        """Add a constant with values over the whole range of the network's type."""
        if self.element is FLOAT32:
            return self.constant(self._generator.uniform(-1, 1, shape).astype(np.float32))
        low, high = self.element.integer_range
        low = max(low, -127)
        values = self._generator.integers(low, high + 1, shape)
        return self.constant(values.astype(self.element.value), quantization)

    def apply(
        self,
        kind: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        options: Options | None = None,
        *,
        quantization: Quantization = HALF,
        element: ElementType | None = None,
        version: int | None = None,
    ) -> int:
        """Add an operator with one output."""
        output = self.tensor(shape, quantization, element)
        self.operators.append(Operator(kind, tuple(inputs), (output,), options, version or _VERSIONS.get(kind, 2)))
        return output

    def pad(self, ifm: int, *amounts: int) -> int:
        """Add a PAD by top, bottom, left, right."""
        tensor = self.tensors[ifm]
        n, h, w, c = tensor.shape or (1, 1, 1, 1)
        top, bottom, left, right = amounts
        paddings = self.constant([[0, 0], [top, bottom], [left, right], [0, 0]])
        shape = (n, h + top + bottom, w + left + right, c)
        return self.apply("PAD", (ifm, paddings), shape, quantization=tensor.quantization, element=tensor.element)

    def convolve(
        self,
        ifm: int,
        depth: int = 4,
        kernel: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        *,
        padding: Padding = Padding.VALID,
        activation: Activation = Activation.NONE,
        dilation: int = 1,
        depthwise: bool = False,
        quantization: Quantization = HALF,
        weights: Quantization | None = None,
    ) -> int:
        """Add a CONV_2D or a DEPTHWISE_CONV_2D with random weights and bias."""
        tensor = self.tensors[ifm]
        n, h, w, channels = tensor.shape or (1, 1, 1, 1)
        kernels = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        strides = stride if isinstance(stride, tuple) else (stride, stride)
        depth = channels if depthwise else depth
        shape = (1, *kernels, depth) if depthwise else (depth, *kernels, channels)
        count = kernels[0] * kernels[1] * (1 if depthwise else channels)
        fitting = quantized(quantization.scale / (tensor.quantization.scale or 1.0) / 40 / count**0.5)
        if self.element is UINT8:
            fitting = quantized(fitting.scale, 131)
        scale = weights or (NOT_QUANTIZED if self.element is FLOAT32 else fitting)
        filters = self.random(*shape, quantization=scale)
        if self.element is FLOAT32:
            bias = self.constant(self._generator.uniform(-1, 1, depth).astype(np.float32))
        else:
            units = tuple(float(np.float32(tensor.quantization.scale * one)) for one in scale.scales)
            values = self._generator.integers(-2000, 2000, depth).astype(np.int32)
            bias = self.constant(values, Quantization(units, (0,) * len(units)))
        options: Options
        if depthwise:
            options = DepthwiseConv2DOptions(padding, strides[1], strides[0], 1, activation, dilation, dilation)
        else:
            options = Conv2DOptions(padding, strides[1], strides[0], activation, dilation, dilation)
        out = _windows((h, w), kernels, strides, dilation, padding)
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        return self.apply(kind, (ifm, filters, bias), (n, *out, depth), options, quantization=quantization)

    def pool(
        self, ifm: int, kernel: int = 3, stride: int = 2, *, padding: Padding = Padding.VALID, kind: str = "MAX_POOL_2D"
    ) -> int:
        """Add a pooling with a square window."""
        tensor = self.tensors[ifm]
        n, h, w, channels = tensor.shape or (1, 1, 1, 1)
        out = _windows((h, w), (kernel, kernel), (stride, stride), 1, padding)
        options = Pool2DOptions(padding, stride, stride, kernel, kernel)
        return self.apply(kind, (ifm,), (n, *out, channels), options, quantization=tensor.quantization)

    def model(self, *outputs: int) -> Model:
        """Return the model with a signature and metadata; the last tensor is the output where none is given."""
        chosen = outputs or (len(self.tensors) - 1,)
        graph = Subgraph(tuple(self.tensors), tuple(self.inputs), chosen, tuple(self.operators))
        ins = tuple((f"in{place}", index) for place, index in enumerate(self.inputs))
        outs = tuple((f"out{place}", index) for place, index in enumerate(chosen))
        return Model(
            "tiny",
            (graph,),
            metadata=(Metadata("note", Buffer(b"kept")),),
            signatures=(Signature("serving_default", 0, ins, outs),),
        )


def _windows(
    sizes: tuple[int, int], kernels: tuple[int, int], strides: tuple[int, int], dilation: int, padding: Padding
) -> tuple[int, ...]:
    spans = [1 if padding is Padding.SAME else (kernel - 1) * dilation + 1 for kernel in kernels]
    return tuple(-(-(size - span + 1) // stride) for size, span, stride in zip(sizes, spans, strides, strict=True))


def place(model: Model, version: str, chip: str = "imx93") -> Placement:
    """Return where Teflon of a release runs the operators of `model`."""
    return load_stack("teflon").place(model, Target(chip, "teflon", version), PlaceOptions())


def on(model: Model, version: str) -> Context:
    """Return the context of a pass for Teflon of a release on the i.MX93."""
    return Context(Target("imx93", "teflon", version), place(model, version))


def hazards(model: Model, version: str) -> list[str]:
    """Return the ids of the hazards."""
    return [hazard.rule.id for hazard in place(model, version).hazards]


def on_npu(model: Model, version: str) -> int:
    """Return how many operators run on the NPU."""
    return sum(operator.partition is not None for operator in place(model, version).operators)


def kinds(model: Model) -> list[str]:
    """Return the types of the operators in order."""
    return [operator.type for operator in model.main.operators]


def rewrite(pass_: Pass, model: Model, context: Context | None = None) -> Rewritten:
    """Return what the pass made of `model`, which must be something, and valid, and readable from a file."""
    rewritten = pass_.rewrite(model, context or Context())
    assert rewritten is not None, "the pass does not apply"
    assert rewritten.sites
    for site in rewritten.sites:
        assert all(0 <= index < len(model.subgraphs[site.subgraph].operators) for index in site.operators)
        assert site.what
    validate(rewritten.model)
    again = parse_model(serialize_model(rewritten.model), rewritten.model.name)
    assert [kinds(again)] == [kinds(rewritten.model)]
    assert rewritten.model.metadata == model.metadata
    assert [signature.key for signature in rewritten.model.signatures] == [one.key for one in model.signatures]
    for old, new in zip(model.signatures, rewritten.model.signatures, strict=True):
        assert [name for name, _ in old.inputs] == [name for name, _ in new.inputs]
        assert [name for name, _ in old.outputs] == [name for name, _ in new.outputs]
    if not rewritten.interface_changed:
        for before, after in zip(model.main.outputs, rewritten.model.main.outputs, strict=True):
            assert model.main.tensors[before].name == rewritten.model.main.tensors[after].name
    return rewritten


def edge_inputs(model: Model, randoms: int = 2) -> Iterator[dict[int, Any]]:
    """Yield inputs that are random, all the lowest, all the highest, all zero, and alternating extremes."""
    generator = np.random.default_rng(7)
    graph = model.main
    limits: dict[int, tuple[Any, Any, np.dtype[Any], tuple[int, ...]]] = {}
    for index in graph.inputs:
        tensor = graph.tensors[index]
        low, high = (-3.0, 3.0) if tensor.element.is_float else tensor.element.integer_range
        limits[index] = (low, high, np.dtype(tensor.element.value), tensor.shape or ())
    for _ in range(randoms):
        yield {index: _random(generator, *known) for index, known in limits.items()}
    for pick in (0, 1):
        yield {index: np.full(known[3], known[pick], known[2]) for index, known in limits.items()}
    yield {
        index: np.array([known[0], known[1]], known[2])[generator.integers(0, 2, known[3])]
        for index, known in limits.items()
    }


def _random(generator: np.random.Generator, low: Any, high: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    if dtype.kind == "f":
        return generator.uniform(low, high, shape).astype(dtype)
    return generator.integers(low, high + 1, shape, dtype=dtype)


def assert_same_answers(pass_: Pass, before: Model, after: Model, randoms: int = 2) -> None:
    """Run both models in the reference kernels on random and extreme inputs and compare the outputs byte for byte."""
    first, second = Reference(before), Reference(after)
    for inputs in edge_inputs(before, randoms):
        wanted, found = first.run(inputs), second.run(pass_.adapt_inputs(before, after, inputs))
        outputs = pass_.adapt_outputs(before, after, found)
        for index in before.main.outputs:
            assert wanted[index].dtype == outputs[index].dtype
            assert wanted[index].tobytes() == outputs[index].tobytes(), before.main.tensors[index].name


def read(folder: Path, name: str) -> Model:
    """Return the real model called `name`."""
    from npufit.tflite import read_model

    return read_model(folder / f"{name}.tflite")
