"""LiteRT by whichever package has it, with one delegate."""

from __future__ import annotations

import ctypes
import importlib
from typing import Any, NamedTuple

_MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


class Litert(NamedTuple):
    """What is needed of LiteRT: its interpreter, the function that loads a delegate, the reference kernels."""

    interpreter: Any
    load_delegate: Any
    reference_kernels: Any


def import_litert() -> Litert:
    """Return LiteRT from ai-edge-litert, tflite-runtime or TensorFlow. Raises ImportError if there is none."""
    for name in _MODULES:
        try:
            found: Any = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name.partition(".")[0]:
                raise
            continue
        return Litert(found.Interpreter, found.load_delegate, found.OpResolverType.BUILTIN_REF)
    lite: Any = importlib.import_module("tensorflow").lite
    experimental = lite.experimental
    return Litert(lite.Interpreter, experimental.load_delegate, experimental.OpResolverType.BUILTIN_REF)


def interpreter_of(litert: Litert, model: bytes, delegates: list[Any]) -> Any:
    """Return an interpreter with the reference kernels.

    It does not keep all tensors: LiteRT 2.3 would then give every operator that a delegate takes a partition of its
    own. Raises RuntimeError or ValueError if LiteRT or a delegate refuses `model`.
    """
    return litert.interpreter(
        model_content=model,
        experimental_delegates=delegates,
        experimental_op_resolver_type=litert.reference_kernels,
    )


def print_at_once() -> None:
    """Let C code print without a buffer, so that a crash loses no line."""
    libc = ctypes.CDLL(None)
    for name in ("stdout", "stderr"):
        libc.setvbuf(ctypes.c_void_p.in_dll(libc, name), None, 2, 0)
