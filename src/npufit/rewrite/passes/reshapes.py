"""clean-reshapes: chains of operators that move no element become one RESHAPE, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from npufit.graph import NO_TENSOR, Model, has_operands
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor, is_reshape, movements, put_reshape

_RESHAPING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


@dataclass(frozen=True)
class CleanReshapes(Pass):
    """RESHAPE, SQUEEZE and EXPAND_DIMS become as few RESHAPE as possible.

    1. One that keeps the shape is removed.
    2. Of several in a row only the last stays, as a RESHAPE of the first one's input.
    3. SQUEEZE and EXPAND_DIMS become RESHAPE, which more targets accept.
    4. RESHAPE with one input gets its shape as a second input (hazard teflon.operand-read-early: without it Teflon
       reads beyond the inputs).

    Shapes must be fixed: run fix-batch first.
    """

    name: ClassVar[str] = "clean-reshapes"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "join chains of RESHAPE, SQUEEZE and EXPAND_DIMS"
    cures: ClassVar[tuple[str, ...]] = ("teflon.operand-read-early",)

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with fewer of them, None if none can be removed."""
        editor = Editor(model)
        sites: list[Site] = []
        for index, operator in enumerate(model.main.operators):
            if operator.type in _RESHAPING and has_operands(operator) and editor.operators[index] is not None:
                sites += _clean(editor, index)
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def _clean(editor: Editor, index: int) -> list[Site]:
    operator = editor.operator(index)
    result = editor.tensor(operator.outputs[0])
    if result.is_dynamic or result.shape is None or editor.tensor(operator.inputs[0]).is_dynamic:
        return []
    for movement in movements(editor, operator.outputs[0]):
        kinds = [editor.operator(one).type for one in movement.operators]
        shape = editor.tensor(movement.source).shape
        if any(kind not in _RESHAPING for kind in kinds) or shape is None:
            continue
        if not is_reshape(movement.places, shape):
            continue
        if shape == result.shape and editor.bypass(index, movement.source):
            return [Site(0, movement.operators, f"{' and '.join(reversed(kinds))} keep the shape")]
        if len(kinds) > 1:
            put_reshape(editor, index, movement.source)
            return [Site(0, movement.operators, f"{' and '.join(reversed(kinds))} become one RESHAPE")]
    if operator.type == "RESHAPE" and operator.input(1) != NO_TENSOR:
        return []
    put_reshape(editor, index, operator.inputs[0])
    what = "gets its shape as an input" if operator.type == "RESHAPE" else "becomes RESHAPE"
    return [Site(0, (index,), f"{operator.type} {what}")]
