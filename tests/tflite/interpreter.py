"""Runs a file in LiteRT with its reference kernels, the golden of this project."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # pyright: ignore[reportMissingTypeStubs]


def prepare(data: bytes) -> Any:
    """Return an interpreter with its tensors allocated. Raises RuntimeError or ValueError where LiteRT refuses."""
    interpreter: Any = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    return interpreter


def run(data: bytes, seed: int = 1) -> list[np.ndarray[Any, Any]]:
    """Return the outputs of the main subgraph for seeded random inputs."""
    interpreter = prepare(data)
    random = np.random.default_rng(seed)
    for detail in interpreter.get_input_details():
        shape: tuple[int, ...] = tuple(detail["shape"])
        dtype: np.dtype[Any] = np.dtype(detail["dtype"])
        if dtype.kind in "iu":
            limits = np.iinfo(dtype)
            values = random.integers(max(limits.min, -100), min(limits.max, 100), shape).astype(dtype)
        else:
            numbers = random.standard_normal(shape)
            values = (numbers > 0 if dtype.kind == "b" else numbers).astype(dtype)
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
