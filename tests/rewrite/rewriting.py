"""What tests of passes ask: what a pass made of a model, and whether the answers are the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from npufit.execution import Reference
from npufit.graph import Model, validate
from npufit.rewrite import Context, Pass, Rewritten
from npufit.stacks import Target
from npufit.tflite import parse_model, read_model, serialize_model
from real_files import find_model
from stacks.teflon.on_teflon import hazards, place

__all__ = ["assert_same_answers", "edge_inputs", "hazards", "kinds", "on", "on_npu", "place", "read", "rewrite"]


def on(model: Model, version: str) -> Context:
    """Return the context of a pass for Teflon of a release on the i.MX93."""
    return Context(Target("imx93", "teflon", version), place(model, version))


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


def read(name: str) -> Model:
    """Return the real model called `name`; skips where it is absent."""
    return read_model(find_model(f"{name}.tflite"))
