"""Weights and scales as the hardware reads them: from the compressed stream back to (output, y, x, input)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.errors import InputError
from npufit.ethosu.arrays import Integers
from npufit.ethosu.operations import Convolution

_SCALE_BYTES = 10
_MICRO_BLOCK = 8
"""Input channels of a micro-block, and output channels on all but the Ethos-U55-32."""

_SUB_KERNEL = 8
_BIAS_SIGN = 1 << 39
LARGEST_EXPANSION = 4096
"""Weights per compressed byte; a run of zeros packs more than a thousand into one."""


@dataclass(frozen=True, slots=True)
class Scales:
    """Bias, multiplier and right shift of every output channel."""

    bias: Integers
    scale: Integers
    shift: Integers


def decode_scales(parts: tuple[bytes, ...], depth: int) -> Scales:
    """Return the scales of `depth` channels, which the cores hold in turn: 10 bytes per channel.

    Raises InputError if there are too few bytes.
    """
    bias, scale, shift = (np.zeros(depth, np.int64) for _ in range(3))
    for core, part in enumerate(parts):
        count = len(range(core, depth, len(parts)))
        if len(part) < count * _SCALE_BYTES:
            raise InputError(f"{count} channels need {count * _SCALE_BYTES} bytes of scales; {len(part)} are given.")
        rows = np.frombuffer(part, np.uint8, count * _SCALE_BYTES).reshape(count, _SCALE_BYTES).astype(np.int64)
        own = slice(core, depth, len(parts))
        unsigned = _little_endian(rows[:, :5])
        bias[own] = unsigned - 2 * (unsigned & _BIAS_SIGN)
        scale[own] = _little_endian(rows[:, 5:9])
        shift[own] = rows[:, 9] & 0x3F
    return Scales(bias, scale, shift)


def _little_endian(columns: Integers) -> Integers:
    places = np.int64(1) << (8 * np.arange(columns.shape[1], dtype=np.int64))
    return columns @ places


def order_weights(
    streams: tuple[npt.NDArray[np.int16] | None, ...], operation: Convolution, ofm_micro_depth: int
) -> npt.NDArray[np.int16]:
    """Return the weights as (output channels, kernel height, kernel width, input channels; 1 for depthwise).

    `streams` has the decoded stream of every core. Raises InputError if one could not be decoded or has fewer weights
    than the operation needs.
    """
    kernel, depth = operation.kernel, operation.ofm.depth
    inputs = 1 if operation.is_depthwise else operation.ifm.depth
    weights = np.zeros((depth, kernel.height, kernel.width, inputs), np.int16)
    for core, stream in enumerate(streams):
        own = weights[core :: len(streams)]
        if own.shape[0] == 0:
            continue
        if stream is None:
            raise InputError("the compressed weights cannot be decoded.")
        block_depth = max(1, (operation.block[2] + len(streams) - 1 - core) // len(streams))
        _place(stream, own, operation, block_depth, ofm_micro_depth)
    return weights


def _place(
    stream: npt.NDArray[np.int16],
    weights: npt.NDArray[np.int16],
    operation: Convolution,
    block_depth: int,
    micro_depth: int,
) -> None:
    """Write `stream` to `weights`, in the order in which the hardware traverses them.

    Blocks of output channels, then of input channels, then sub-kernels. Within these: micro-blocks of output
    channels, elements, micro-blocks of input channels; part-kernel-first has the latter outermost.
    """
    outputs, height, width, inputs = weights.shape
    kernel, depthwise = operation.kernel, operation.is_depthwise
    part_kernel = kernel.part_kernel_first and not depthwise
    wide = operation.ifm.element.bits == 16
    input_block = 16 if part_kernel or wide else 32
    multiple = 4 if depthwise else (2 if wide else 4) if part_kernel else 1
    input_micro = 1 if depthwise else _MICRO_BLOCK
    step_y, step_x = _SUB_KERNEL // kernel.dilation_y, _SUB_KERNEL // kernel.dilation_x
    position = 0
    for first_output in range(0, outputs, block_depth):
        output_end = min(first_output + block_depth, outputs)
        output_micros = -(-(output_end - first_output) // micro_depth)
        for first_input in range(0, inputs, input_block):
            input_end = min(first_input + input_block, inputs)
            depth = input_end - first_input if part_kernel or depthwise else input_block  # depth-first pads blocks
            input_micros = -(-depth // input_micro)
            for y in range(0, height, step_y):
                for x in range(0, width, step_x):
                    target = weights[first_output:output_end, y : y + step_y, x : x + step_x, first_input:input_end]
                    elements = target.shape[1] * target.shape[2]
                    padded = -(-elements // multiple) * multiple
                    count = output_micros * micro_depth * padded * input_micros * input_micro
                    chunk = stream[position : position + count]
                    if chunk.size < count:
                        raise InputError(
                            f"the compressed weights have {stream.size} values, but at least {position + count} are "
                            "needed."
                        )
                    position += count
                    if part_kernel:
                        ordered = chunk.reshape(input_micros, output_micros, padded, micro_depth, input_micro)
                        ordered = ordered.transpose(1, 3, 2, 0, 4)
                    else:
                        ordered = chunk.reshape(output_micros, padded, input_micros, micro_depth, input_micro)
                        ordered = ordered.transpose(0, 3, 1, 2, 4)
                    dense = ordered.reshape(output_micros * micro_depth, padded, input_micros * input_micro)
                    target[...] = dense[: target.shape[0], :elements, : target.shape[3]].reshape(target.shape)
