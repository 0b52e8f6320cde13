"""RESHAPE with its shape as a constant operand, as every target takes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npufit.graph import Operator, ReshapeOptions
from npufit.rewrite.surgery.editor import Editor


def add_reshape(editor: Editor, source: int, result: int, near: int) -> None:
    """Write `result`, whose shape is known, by a RESHAPE of `source`."""
    editor.add(_reshape(editor, source, result), near)


def put_reshape(editor: Editor, index: int, source: int) -> None:
    """Replace the operator at `index` with a RESHAPE of `source`; its result keeps its shape."""
    result = editor.operator(index).outputs[0]
    editor.replace(index, _reshape(editor, source, result))
    editor.set_tensor(result, replace(editor.tensor(result), shape_signature=None))


def _reshape(editor: Editor, source: int, result: int) -> Operator:
    tensor = editor.tensor(result)
    shape = editor.add_constant(f"{tensor.name}/shape", np.array(tensor.shape, np.int32))
    return Operator("RESHAPE", (source, shape), (result,), ReshapeOptions(tensor.shape))
