"""break-escape: tensors that leave a partition get a copy that nothing inside reads, and so have plain order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from npufit.errors import InputError
from npufit.graph import Model, Operator, Padding, Pool2DOptions, Tensor, eight_bit_operator
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site, option
from npufit.rewrite.surgery import Editor

_WAYS = ("auto", "pool", "repeat")


@dataclass(frozen=True)
class BreakEscape(Pass):
    """A tensor that is read in its partition and also leaves it is split in two (hazard ethosu.brick-order).

    Mesa until 26.2 keeps feature maps with channels that are a multiple of 16 in bricks if an operator of the same
    partition reads them, and copies them out in that order. A tensor that nothing inside reads has plain order. So the
    operators inside read a separate tensor, and the one that leaves is written once more:

    1. by a 1x1 MAX_POOL_2D, which copies: int8 and uint8 of rank 4;
    2. by the same operator again, if the target is predicted to take less time for that, or if 1 is impossible.

    RESHAPE counts as outside, because it reads bricks as a plain row of elements (26.2): a copy whose first reader is a
    RESHAPE has plain order.

    The tensor that leaves keeps its name and index among the outputs.
    """

    name: ClassVar[str] = "break-escape"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = (
        "copy tensors that are read inside an NPU partition and also leave it (hazard ethosu.brick-order)"
    )
    cures: ClassVar[tuple[str, ...]] = ("ethosu.brick-order",)

    by: str = option("auto", "how the copy is made: pool (a 1x1 MAX_POOL_2D), repeat (the operator again) or auto")

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with a copy of each tensor that leaves in bricks, None if none does."""
        if self.by not in _WAYS:
            raise InputError(f"{self.name} has no way '{self.by}' to make a copy. Known: {', '.join(_WAYS)}.")
        partitions = context.partitions()
        escaping = {hazard.tensors[0]: hazard.operators[0] for hazard in context.hazards(*self.cures) if hazard.tensors}
        editor = Editor(model)
        sites: list[Site] = []
        for tensor, producer in escaping.items():
            inside = [
                reader
                for reader in editor.consumers(tensor)
                if partitions.get(reader) == partitions.get(producer) and editor.operator(reader).type != "RESHAPE"
            ]
            how = self._way(model, context, producer, tensor, inside) if inside else ""
            if how:
                _split(editor, producer, tensor, inside, how)
                sites.append(Site(0, (producer, *inside), f"'{editor.tensor(tensor).name}' {_IN_WORDS[how]}"))
        return Rewritten(editor.finish(), tuple(sites)) if sites else None

    def _way(self, model: Model, context: Context, producer: int, tensor: int, inside: list[int]) -> str:
        """Return the way that the target takes the least time for, empty if there is none."""
        graph = model.main
        can = {"pool": _can_pool(graph.tensors[tensor]), "repeat": _can_repeat(graph.operators[producer])}
        ways = [way for way in can if can[way] and self.by in ("auto", way)]
        if len(ways) < 2:
            return "".join(ways)
        times: dict[str, float] = {}
        for way in ways:
            editor = Editor(model)
            _split(editor, producer, tensor, inside, way)
            times[way] = context.milliseconds(editor.finish()) or 0.0
        return min(ways, key=lambda way: times[way])


_IN_WORDS = {
    "pool": "leaves the partition through a separate 1x1 MAX_POOL_2D",
    "repeat": "is computed twice: once for the partition, once for readers outside",
}


def _can_pool(tensor: Tensor) -> bool:
    return tensor.element.is_8_bit and len(tensor.shape or ()) == 4


def _can_repeat(operator: Operator) -> bool:
    return len(operator.outputs) == 1 and not operator.mutating_variable_inputs


def _split(editor: Editor, producer: int, tensor: int, inside: list[int], how: str) -> None:
    """Let the operators `inside` read a separate tensor, and write `tensor` for the others."""
    operator = editor.operator(producer)
    inner = editor.add_like(tensor, "inside")
    editor.redirect(tensor, inner, inside)
    outputs = tuple(inner if output == tensor else output for output in operator.outputs)
    editor.replace(producer, replace(operator, outputs=outputs))
    if how == "repeat":
        editor.add(operator, near=producer)
        return
    options = Pool2DOptions(Padding.VALID, stride_w=1, stride_h=1, filter_width=1, filter_height=1)
    editor.add(eight_bit_operator("MAX_POOL_2D", (inner,), (tensor,), options), near=producer)
