"""vector-gather: gather one element as a vector of one, and drop the dimension with a RESHAPE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from npufit.graph import GatherOptions, Model, has_operands
from npufit.graph.arrays import stored_values
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor, add_reshape


@dataclass(frozen=True)
class VectorGather(Pass):
    """GATHER by a scalar that the target reads as a vector (hazard vx.scalar-gather) becomes one by a vector.

    The VX delegate passes scalars as vectors of one element, so its GATHER keeps the dimension that should be dropped.
    Here the index is a vector from the start, and a RESHAPE drops the dimension. The elements and their order are the
    same. The index must be a constant, and the shapes fixed.
    """

    name: ClassVar[str] = "vector-gather"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "gather by a vector of one index and drop the dimension with a RESHAPE"
    cures: ClassVar[tuple[str, ...]] = ("vx.scalar-gather",)

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with these GATHERs rewritten, None if there are none."""
        editor = Editor(model)
        found = context.endangered_by(*self.cures)
        sites = [Site(0, (index,), "GATHER by a vector of one, RESHAPE") for index in found if _spread(editor, index)]
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def _spread(editor: Editor, index: int) -> bool:
    operator = editor.operator(index)
    options = operator.options
    if not isinstance(options, GatherOptions) or options.batch_dims or len(operator.inputs) != 2:
        return False
    source, result = editor.tensor(operator.inputs[0]), editor.tensor(operator.outputs[0])
    which = stored_values(editor.tensor(operator.inputs[1]))
    if which is None or which.shape != () or source.shape is None or not has_operands(operator):
        return False
    axis = options.axis + len(source.shape) if options.axis < 0 else options.axis
    if not 0 <= axis < len(source.shape) or source.is_dynamic or result.is_dynamic:
        return False
    shape = (*source.shape[:axis], 1, *source.shape[axis + 1 :])
    if result.shape != (*shape[:axis], *shape[axis + 1 :]):
        return False
    element = editor.add_constant(f"{result.name}/index", which.reshape(1))
    gathered = editor.add_like(operator.outputs[0], "gathered", shape=shape)
    editor.replace(index, replace(operator, inputs=(operator.inputs[0], element), outputs=(gathered,)))
    add_reshape(editor, gathered, operator.outputs[0], near=index)
    return True
