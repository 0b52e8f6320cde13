"""quantize: a float network becomes int8, by ai-edge-quantizer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from npufit.errors import InputError, InternalError
from npufit.formatting import plural
from npufit.graph import Model, Operator, Signature, Tensor, eight_bit_operator, least_version
from npufit.graph.arrays import real_values
from npufit.rewrite.context import Context
from npufit.rewrite.quantization import (
    calibration_inputs,
    computes_in_float,
    describe_calibration,
    quantize_to_int8,
    with_float_weights,
)
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site, option
from npufit.rewrite.surgery import Editor

if TYPE_CHECKING:
    from npufit.execution import Array, Values

_INTERFACES = ("float", "int8")


@dataclass(frozen=True)
class Quantize(Pass):
    """A network that computes in float becomes full int8: weights per channel, activations per tensor.

    1. Float32 weights and activations are quantized by ai-edge-quantizer (an extra: `pip install 'npufit[quantize]'`),
       with the ranges observed on the user's samples, or on seeded random inputs.
    2. Int8 weights of dynamic-range networks and float16 weights become float32 first.
    3. With `io=float` the inputs and outputs stay float, with QUANTIZE after and DEQUANTIZE before them, so that the
       application need not change. With `io=int8` they become int8.
    4. Operators that the quantizer does not know stay float, and the notes count them.

    The NPUs of this project do not run float networks at all. If a target refuses per-channel weights, use per-tensor
    afterwards.
    """

    name: ClassVar[str] = "quantize"
    exactness: ClassVar[Exactness] = Exactness.APPROXIMATE
    summary: ClassVar[str] = "quantize a float network to int8"
    cures: ClassVar[tuple[str, ...]] = ("teflon.element-type", "probed.element-type")

    io: str = option("float", "type of the inputs and outputs: float or int8")

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` in int8, None if it does not compute in float. Raises ToolError without the quantizer."""
        if self.io not in _INTERFACES:
            raise InputError(f"quantize: io is '{self.io}', expected one of {', '.join(_INTERFACES)}.")
        if not computes_in_float(model):
            return None
        inputs = calibration_inputs(model, context.samples)
        found = quantize_to_int8(with_float_weights(model), inputs)  # cases 1 and 2
        after = self._with_interface(model, found)
        left = sum(_is_float(after, operator) for operator in after.main.operators)
        notes = [describe_calibration(inputs, context.samples)]
        if left:
            notes.append(f"{plural(left, 'operator')} of the network stay float")
        sites = (Site(0, tuple(range(len(model.main.operators))), "the network computes in int8"),)
        changed = any(
            old.element is not new.element
            for ends in ((model.main.inputs, after.main.inputs), (model.main.outputs, after.main.outputs))
            for old, new in zip(_tensors(model, ends[0]), _tensors(after, ends[1]), strict=True)
        )
        return Rewritten(after, sites, tuple(notes), interface_changed=changed)

    def _with_interface(self, before: Model, found: Model) -> Model:
        """Return the quantizer's result with the interface, names and attachments of the original model."""
        if len(found.main.inputs) != len(before.main.inputs) or len(found.main.outputs) != len(before.main.outputs):
            raise InternalError("ai-edge-quantizer changed the number of inputs or outputs.")
        found = replace(
            found,
            signatures=_signatures(before, found),
            metadata=before.metadata,
            metadata_buffers=before.metadata_buffers,
            attachments=before.attachments,
            description=before.description,
        )
        editor = Editor(found)
        for index, operator in enumerate(found.main.operators):
            version = max(operator.version, least_version(operator, int8=True))
            if version != operator.version and not _is_float(found, operator):
                editor.replace(index, replace(operator, version=version))
        if self.io == "float":
            for tensor, index in zip(_tensors(before, before.main.inputs), found.main.inputs, strict=True):
                _widen_input(editor, index, tensor)
            for tensor, index in zip(_tensors(before, before.main.outputs), found.main.outputs, strict=True):
                _widen_output(editor, index, tensor)
        return editor.finish()

    def adapt_inputs(self, before: Model, after: Model, inputs: Values) -> Values:
        """Return `inputs` quantized if the input became int8."""
        pairs = zip(before.main.inputs, after.main.inputs, strict=True)
        return {new: _quantized(inputs[old], after.main.tensors[new]) for old, new in pairs}

    def adapt_outputs(self, before: Model, after: Model, outputs: Values) -> Values:
        """Return `outputs` as real numbers if the output became int8."""
        pairs = zip(before.main.outputs, after.main.outputs, strict=True)
        return {old: _real(outputs[new], after.main.tensors[new], before.main.tensors[old]) for old, new in pairs}


def _tensors(model: Model, indices: tuple[int, ...]) -> list[Tensor]:
    return [model.main.tensors[index] for index in indices]


def _is_float(model: Model, operator: Operator) -> bool:
    """Return whether an operator computes in float (case 4); conversions do not count."""
    if operator.type in ("QUANTIZE", "DEQUANTIZE"):
        return False
    return any(tensor.element.is_float for tensor in model.main.output_tensors(operator))


def _signatures(before: Model, found: Model) -> tuple[Signature, ...]:
    """Return the signatures of `before` with the tensors in the same positions of `found`."""
    now = dict(zip(before.main.inputs, found.main.inputs, strict=True))
    now |= dict(zip(before.main.outputs, found.main.outputs, strict=True))
    return tuple(
        replace(
            signature,
            inputs=tuple((name, now[index]) for name, index in signature.inputs),
            outputs=tuple((name, now[index]) for name, index in signature.outputs),
        )
        for signature in before.signatures
        if signature.subgraph == 0 and all(index in now for _, index in (*signature.inputs, *signature.outputs))
    )


def _widen_input(editor: Editor, index: int, before: Tensor) -> None:
    """Give the input at `index` its old type, by a QUANTIZE after it (case 3)."""
    tensor, readers = editor.tensor(index), editor.consumers(index)
    if tensor.element is before.element or not readers:
        return
    editor.set_tensor(index, before)
    inner = editor.add_tensor(replace(tensor, name=f"{before.name}/int8"))
    editor.redirect(index, inner, readers)
    editor.add(eight_bit_operator("QUANTIZE", (index,), (inner,)), near=readers[0])


def _widen_output(editor: Editor, index: int, before: Tensor) -> None:
    """Give the output at `index` its old type, by a DEQUANTIZE before it (case 3)."""
    tensor, producer = editor.tensor(index), editor.producer(index)
    if tensor.element is before.element or producer is None:
        return
    readers, writer = editor.consumers(index), editor.operator(producer)
    editor.set_tensor(index, before)
    inner = editor.add_tensor(replace(tensor, name=f"{before.name}/int8"))
    editor.redirect(index, inner, readers)
    written = tuple(inner if output == index else output for output in writer.outputs)
    editor.replace(producer, replace(writer, outputs=written))
    editor.add(eight_bit_operator("DEQUANTIZE", (inner,), (index,)), near=producer)


def _quantized(values: Array, like: Tensor) -> Array:
    if values.dtype.name == like.element.value or not like.element.is_8_bit:
        return values
    steps = np.rint(values.astype(np.float64) / like.quantization.scale) + like.quantization.zero_point
    return np.clip(steps, *like.element.integer_range).astype(like.element.value)


def _real(values: Array, tensor: Tensor, like: Tensor) -> Array:
    if tensor.element is like.element or not tensor.element.is_8_bit:
        return values
    return real_values(values, tensor.quantization).astype(like.element.value)
