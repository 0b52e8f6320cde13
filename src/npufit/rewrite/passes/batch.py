"""fix-batch: sizes that a file leaves open until run time are fixed at its allocated sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from npufit.graph import (
    NO_TENSOR,
    SIZING,
    Buffer,
    ElementType,
    Kind,
    Model,
    Operator,
    ReshapeOptions,
    Subgraph,
    Tensor,
    has_operands,
    infer_shapes,
    operator_type,
)
from npufit.graph.arrays import stored_values
from npufit.rewrite.arithmetic import SHAPE_ARITHMETIC
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor

_Values = npt.NDArray[Any]
_MOST_ELEMENTS = 64
_WHOLE = (ElementType.INT32, ElementType.INT64)


@dataclass(frozen=True)
class FixBatch(Pass):
    """A dynamic batch (or another open size) becomes the size that the file allocates, mostly 1.

    1. Tensors whose shape has open sizes get the sizes that follow from the input shapes in the file.
    2. Arithmetic on shapes is done once: SHAPE of a known shape becomes a constant, and so does its result after
       STRIDED_SLICE, SLICE, GATHER, PACK, CONCATENATION, CAST, ADD, SUB, MUL, REDUCE_PROD, RESHAPE, SQUEEZE and
       EXPAND_DIMS.
    3. A RESHAPE with a computed shape gets it as a constant, also in its options.
    4. Shapes that the file omits are written, as far as they follow from the operators: some delegates decide only by
       the shapes in the file.

    Tensors whose size depends on values (NON_MAX_SUPPRESSION, WHERE, custom operators, control flow) stay open, and so
    do tensors computed from them. Afterwards the network takes no other batch.
    """

    name: ClassVar[str] = "fix-batch"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "fix a dynamic batch at 1 and fold the shape arithmetic that it needed"
    cures: ClassVar[tuple[str, ...]] = (
        *("teflon.operand-read-early", "vela.unknown-shape", "teflon.shape-unknown", "vx.no-shape", "vx.dynamic-graph"),
        *("vx.reshape-by-options", "vx.empty-graph", "vx.pack-type", "vx.computed-shape", "vx.computed-slice"),
        *("vx.computed-size", "vx.operand-read-early", "vx.stacked-scalar"),
    )

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with fixed sizes, None if all are fixed and no shape is computed."""
        return _Fixing(model).run()


_NOT_IN_ITS_INPUTS = (Kind.CONTROL, Kind.OUTSIDE)


class _Fixing:
    """One run of the pass over the main subgraph, operator by operator."""

    def __init__(self, model: Model) -> None:
        self._graph = model.main
        self._editor = Editor(model)
        self._folded: dict[int, _Values] = {}
        self._open: set[int] = set()
        self._sites: list[Site] = []

    def run(self) -> Rewritten | None:
        inputs = [index for index in self._graph.inputs if self._graph.tensors[index].is_dynamic]
        fixed = sum(self._fix(index) for index in inputs)
        for index, operator in enumerate(self._graph.operators):
            if self._is_open(operator):
                self._open.update(operator.outputs)
                continue
            if self._fold(index, operator):
                continue
            fixed += self._settle(operator)
        self._put_constants()
        written = [self._write(index) for index, tensor in enumerate(self._graph.tensors) if tensor.shape_is_inferred]
        if written:
            self._sites.append(Site(0, (), f"{len(written)} shapes that the file omits are written"))
        if not fixed and not self._sites:
            return None
        if fixed:
            readers = {reader for tensor in inputs for reader in self._editor.consumers(tensor)}
            self._sites.insert(0, Site(0, tuple(sorted(readers)), f"{fixed} tensors of open size become fixed"))
        notes = ("the network takes only the batch of its file",) if inputs else ()
        return Rewritten(self._editor.finish(), tuple(self._sites), notes)

    def _values(self, index: int) -> _Values | None:
        if index in self._folded:
            return self._folded[index]
        tensor = self._editor.tensor(index)
        return stored_values(tensor) if tensor.element in _WHOLE and tensor.element_count <= _MOST_ELEMENTS else None

    def _is_open(self, operator: Operator) -> bool:
        """Return whether the output size of `operator` is known only at run time."""
        row = operator_type(operator)
        if row.sized_by_values or row.kind in _NOT_IN_ITS_INPUTS:
            return True
        if any(tensor in self._open for tensor in operator.inputs):
            return True
        if any(index != NO_TENSOR and self._editor.tensor(index).shape is None for index in operator.inputs):
            return True
        sizes = (operator.inputs[position] for position in row.positions(operator, *SIZING))
        return any(index != NO_TENSOR and self._values(index) is None for index in sizes)

    def _fix(self, index: int) -> bool:
        """Close the size of a tensor; return whether it was open."""
        tensor = self._editor.tensor(index)
        if not tensor.is_dynamic:
            return False
        self._editor.set_tensor(index, replace(tensor, shape_signature=None))
        return True

    def _write(self, index: int) -> None:
        """Write an inferred shape into the file (case 4)."""
        self._editor.set_tensor(index, replace(self._editor.tensor(index), shape_is_inferred=False))

    def _fold(self, index: int, operator: Operator) -> bool:
        """Compute the result of an operator on shapes; return whether that was possible (case 2)."""
        fold = SHAPE_ARITHMETIC.get(operator.type)
        if (
            fold is None
            or not has_operands(operator)
            or len(operator.outputs) != 1
            or operator.outputs[0] in self._graph.outputs
        ):
            return False
        tensor = self._editor.tensor(operator.outputs[0])
        if tensor.element not in _WHOLE or tensor.quantization.is_quantized:
            return False
        if operator.type == "SHAPE":
            found: _Values | None = np.array(self._editor.tensor(operator.inputs[0]).shape)
        else:
            operands = [self._values(position) for position in operator.inputs if position != NO_TENSOR]
            known = [operand for operand in operands if operand is not None]
            try:
                found = fold(operator, known) if len(known) == len(operands) else None
            except (ValueError, IndexError):
                return False  # operands that do not fit: LiteRT says so when the model runs
        if found is None or found.size > _MOST_ELEMENTS:
            return False
        self._folded[operator.outputs[0]] = found.astype(tensor.element.value)
        self._sites.append(Site(0, (index,), f"{operator.type} of known sizes is {found.tolist()}"))
        return True

    def _settle(self, operator: Operator) -> int:
        """Give the outputs of `operator` the shapes that follow from its inputs; return how many were open (case 1)."""
        open_ones = [
            index for index in operator.outputs if index != NO_TENSOR and self._editor.tensor(index).is_dynamic
        ]
        if not open_ones:
            return 0
        for index, shape in zip(open_ones, self._infer(operator, open_ones), strict=True):
            tensor = self._editor.tensor(index)
            self._editor.set_tensor(index, replace(tensor, shape=shape, shape_signature=None))
        return len(open_ones)

    def _infer(self, operator: Operator, wanted: list[int]) -> list[tuple[int, ...] | None]:
        """Return the shapes of the tensors `wanted` by the rules, or as in the file if there is no rule."""
        indices = [index for index in (*operator.inputs, *operator.outputs) if index != NO_TENSOR]
        number = {index: place for place, index in enumerate(dict.fromkeys(indices))} | {NO_TENSOR: NO_TENSOR}
        tensors = [self._known_tensor(index, index in wanted) for index in number if index != NO_TENSOR]
        alone = replace(
            operator,
            inputs=tuple(number[index] for index in operator.inputs),
            outputs=tuple(number[index] for index in operator.outputs),
        )
        inferred = infer_shapes(Subgraph(tuple(tensors), (), (), (alone,)))
        found = [inferred.tensors[number[index]].shape for index in wanted]
        given = [self._editor.tensor(index).shape for index in wanted]
        return [new if new is not None else old for new, old in zip(found, given, strict=True)]

    def _known_tensor(self, index: int, wanted: bool) -> Tensor:
        tensor = self._editor.tensor(index)
        if index in self._folded:
            values = self._folded[index]
            return replace(tensor, shape=values.shape, buffer=Buffer(values.tobytes()))
        return replace(tensor, shape=None, shape_signature=None) if wanted else tensor

    def _put_constants(self) -> None:
        """Replace computed tensors with constants if a remaining operator reads them (case 3)."""
        editor, removed = self._editor, set(map(self._editor.producer, self._folded))
        for tensor, values in self._folded.items():
            readers = [reader for reader in editor.consumers(tensor) if reader not in removed]
            for reader in readers:
                operator = editor.operator(reader)
                settled = values
                if operator.type == "RESHAPE":
                    shape = editor.tensor(operator.outputs[0]).shape
                    settled = np.array(shape, values.dtype) if shape is not None else values
                    editor.replace(reader, replace(operator, options=ReshapeOptions(tuple(map(int, settled)))))
                constant = editor.add_constant(editor.tensor(tensor).name, settled)
                editor.redirect(tensor, constant, [reader])
        editor.remove(*(index for index in removed if index is not None))
