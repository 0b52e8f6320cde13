"""break-escape: tensors that leave a partition get a copy that nothing inside reads, and so have plain order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from npufit.errors import InputError
from npufit.graph import Model, Operator, Padding, Pool2DOptions, Subgraph, Tensor, eight_bit_operator, measure_work
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site, option
from npufit.rewrite.surgery.editor import Editor

_WAYS = ("auto", "pool", "repeat")
_MACS_PER_BYTE = 64
"""Multiply-accumulates that take as long as a byte of a feature map: 256 per cycle against about 4 bytes of DRAM."""


@dataclass(frozen=True)
class BreakEscape(Pass):
    """A tensor that is read in its partition and also leaves it is split in two (hazard ethosu.brick-order).

    Mesa until 26.2 keeps feature maps with channels that are a multiple of 16 in bricks if an operator of the same
    partition reads them, and copies them out in that order. A tensor that nothing inside reads has plain order. So the
    operators inside read a separate tensor, and the one that leaves is written once more:

    1. by a 1x1 MAX_POOL_2D, which copies: int8 and uint8 of rank 4;
    2. by the same operator again, if that moves fewer bytes and computes little, or if 1 is impossible.

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
            how = self._way(model.main, editor, producer, tensor)
            if inside and how:
                _split(editor, producer, tensor, inside, how)
                sites.append(Site(0, (producer, *inside), f"'{editor.tensor(tensor).name}' {_IN_WORDS[how]}"))
        return Rewritten(editor.finish(), tuple(sites)) if sites else None

    def _way(self, graph: Subgraph, editor: Editor, producer: int, tensor: int) -> str:
        """Return the cheaper possible way, empty if there is none."""
        operator = graph.operators[producer]
        poolable, repeatable = _can_pool(editor.tensor(tensor)), _can_repeat(operator)
        if self.by != "auto":
            return self.by if {"pool": poolable, "repeat": repeatable}[self.by] else ""
        if not poolable or not repeatable:
            return "pool" if poolable else "repeat" if repeatable else ""
        work = measure_work(graph, operator)
        again = work.bytes_read + work.bytes_written + work.macs // _MACS_PER_BYTE
        return "repeat" if again < 2 * editor.tensor(tensor).size_bytes else "pool"


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
    own = editor.add_like(tensor, "inside")
    editor.redirect(tensor, own, inside)
    outputs = tuple(own if output == tensor else output for output in operator.outputs)
    editor.replace(producer, replace(operator, outputs=outputs))
    if how == "repeat":
        editor.add(operator, near=producer)
        return
    options = Pool2DOptions(Padding.VALID, stride_w=1, stride_h=1, filter_width=1, filter_height=1)
    editor.add(eight_bit_operator("MAX_POOL_2D", (own,), (tensor,), options), near=producer)
