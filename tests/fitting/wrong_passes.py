"""Passes that do what no real one may: break the answer, change it a little, raise, or make what is no model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from npufit.errors import InputError
from npufit.graph import Buffer, Model
from npufit.graph.arrays import stored_values
from npufit.rewrite import Context, Exactness, Pass, Rewritten, Site


def shift_bias(model: Model, steps: int) -> Model:
    """Return `model` with the bias of its last convolution larger by `steps` on every channel."""
    graph = model.main
    last = next(operator for operator in reversed(graph.operators) if operator.type == "CONV_2D")
    bias = graph.tensors[last.inputs[2]]
    values = stored_values(bias)
    assert values is not None
    moved = replace(bias, buffer=Buffer((values + np.int32(steps)).astype(np.int32).tobytes()))
    tensors = tuple(moved if index == last.inputs[2] else tensor for index, tensor in enumerate(graph.tensors))
    return replace(model, subgraphs=(replace(graph, tensors=tensors), *model.subgraphs[1:]))


@dataclass(frozen=True)
class Wrong(Pass):
    """Says that it is exact, and is not."""

    name: ClassVar[str] = "wrong"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "break the answer"

    steps: int = 100_000

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with another bias."""
        return Rewritten(shift_bias(model, self.steps), (Site(0, (0,), "another bias"),))


@dataclass(frozen=True)
class Inexact(Wrong):
    """Says that it is approximate."""

    name: ClassVar[str] = "inexact"
    exactness: ClassVar[Exactness] = Exactness.APPROXIMATE


@dataclass(frozen=True)
class Become(Pass):
    """Makes of one model the one that is next in a row, whatever that is."""

    name: ClassVar[str] = "become"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "become another model"

    models: tuple[Model, ...] = ()

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return the model behind `model` in the row."""
        for model_before, following in zip(self.models, self.models[1:], strict=False):
            if model_before is model:
                return Rewritten(following, (Site(0, (0,), "everything"),))
        return None

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True)
class Failing(Pass):
    """Raises, or makes what is no model."""

    name: ClassVar[str] = "failing"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "fail"

    how: str = "option"

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Fail in the way that `how` says."""
        ways: dict[str, Callable[[], Rewritten]] = {"option": self._refuse, "form": lambda: self._break(model)}
        return ways[self.how]()

    def _refuse(self) -> Rewritten:
        raise InputError("the option cannot be met")

    def _break(self, model: Model) -> Rewritten:
        graph = replace(model.main, outputs=(len(model.main.tensors) + 7,))
        return Rewritten(replace(model, subgraphs=(graph,)), (Site(0, (0,), "an output that is not there"),))
