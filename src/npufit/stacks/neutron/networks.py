"""Which publicly reported network a model is: recognised by its structure, never by its name.

A sequence of operators with strides and channels identifies a backbone at any resolution; PAD, QUANTIZE and DEQUANTIZE
do not count, because exporters differ in them. If the block structure of a network is not a plain sequence, the number
of operators of each type identifies it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from npufit.graph import (
    NO_TENSOR,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Model,
    Operator,
    Subgraph,
    wire,
)


class Network(StrEnum):
    """A network with public observations on i.MX95."""

    KERAS_MOBILENET_V2 = "Keras MobileNetV2"
    MOBILENET_V2 = "MobileNetV2"
    MOBILENET_V1 = "MobileNetV1"
    RESNET50_V2 = "Keras ResNet50V2"
    SSD_MOBILENET_V2 = "SSD MobileNetV2"
    YOLO_V8N = "YOLOv8n"
    YOLO_V8S = "YOLOv8s"
    YOLO_V8M = "YOLOv8m"
    YOLO_V8L = "YOLOv8l"
    YOLO_V8X = "YOLOv8x"


@dataclass(frozen=True, slots=True)
class Recognition:
    """A recognised network: which one, its input height and width, and how many PAD operators its export has."""

    network: Network
    height: int
    width: int
    pads: int


@dataclass(frozen=True, slots=True)
class _Step:
    """One operator of a fingerprint; stride and channels are 0 if they do not identify anything."""

    type: str
    stride: int = 0
    channels: int = 0


def recognise(model: Model) -> Recognition | None:
    """Return which publicly reported network `model` is, or None; only 8-bit networks were reported."""
    subgraph = model.main
    shape = _image_shape(subgraph)
    if shape is None or not _is_quantized(subgraph):
        return None
    network = _by_sequence(subgraph) or _by_counts(subgraph)
    if network is None:
        return None
    pads = sum(operator.type == "PAD" for operator in subgraph.operators)
    return Recognition(network, shape[1], shape[2], pads)


def box_decoders(subgraph: Subgraph) -> tuple[int, ...]:
    """Return the SOFTMAX operators that decode boxes from 16 bins per side, as YOLOv8 and its successors do.

    Each such SOFTMAX runs over 16 values for each of 4 sides, and a 1x1 convolution to one channel takes their
    expectation.
    """
    wiring = wire(subgraph)
    return tuple(
        index
        for index, operator in enumerate(subgraph.operators)
        if operator.type == "SOFTMAX"
        and any(_is_box_bins(tensor.shape) for tensor in subgraph.output_tensors(operator))
        and any(
            _step(subgraph, subgraph.operators[reader]) == _Step("CONV_2D", 1, 1)
            for tensor in operator.outputs
            if tensor != NO_TENSOR
            for reader in wiring.consumers[tensor]
        )
    )


def _is_box_bins(shape: tuple[int, ...] | None) -> bool:
    return shape is not None and len(shape) == 4 and shape[-1] == 16 and 4 in shape[1:3]


def _image_shape(subgraph: Subgraph) -> tuple[int, ...] | None:
    if len(subgraph.inputs) != 1:
        return None
    shape = subgraph.tensors[subgraph.inputs[0]].shape
    return shape if shape is not None and len(shape) == 4 and shape[3] == 3 else None


def _is_quantized(subgraph: Subgraph) -> bool:
    first = next((operator for operator in subgraph.operators if operator.type == "CONV_2D"), None)
    return first is not None and all(tensor.element.is_8_bit for tensor in subgraph.output_tensors(first))


def _step(subgraph: Subgraph, operator: Operator) -> _Step:
    if not isinstance(operator.options, Conv2DOptions | DepthwiseConv2DOptions):
        return _Step(operator.type)
    shape = next((tensor.shape for tensor in subgraph.output_tensors(operator)), None)
    return _Step(operator.type, operator.options.stride_h, shape[-1] if shape else 0)


def _by_sequence(subgraph: Subgraph) -> Network | None:
    steps = [_step(subgraph, operator) for operator in subgraph.operators if operator.type not in _NOT_IN_FINGERPRINTS]
    if steps[: len(_MOBILENET_V2)] == list(_MOBILENET_V2):
        tail = tuple(step.type for step in steps[len(_MOBILENET_V2) :])
        if tail in _MOBILENET_V2_TAILS:
            return _MOBILENET_V2_TAILS[tail]
    elif steps[: len(_MOBILENET_V1)] == list(_MOBILENET_V1):
        counts = Counter(step.type for step in steps[len(_MOBILENET_V1) :])
        if counts["CONV_2D"] + counts["FULLY_CONNECTED"] == 1 and not counts["DEPTHWISE_CONV_2D"]:
            return Network.MOBILENET_V1
    is_detector = any(operator.custom_code == _SSD_OUTPUT for operator in subgraph.operators)
    return Network.SSD_MOBILENET_V2 if is_detector and _contains(steps, _MOBILENET_V2) else None


def _by_counts(subgraph: Subgraph) -> Network | None:
    counts = Counter(operator.type for operator in subgraph.operators)
    width = next(
        (_step(subgraph, operator).channels for operator in subgraph.operators if operator.type == "CONV_2D"), 0
    )
    for network, expected, first_channels, needs_boxes in _COUNTED:
        if (
            width == first_channels
            and all(counts[kind] in allowed for kind, allowed in expected.items())
            and (not needs_boxes or len(box_decoders(subgraph)) == 1)
        ):
            return network
    return None


def _contains(steps: list[_Step], wanted: tuple[_Step, ...]) -> bool:
    """Return whether `wanted` occurs in `steps` in this order, possibly with others in between."""
    remaining = iter(steps)
    return all(step in remaining for step in wanted)


def _mobilenet_v2() -> tuple[_Step, ...]:
    steps = [_Step("CONV_2D", 2, 32), _Step("DEPTHWISE_CONV_2D", 1, 32), _Step("CONV_2D", 1, 16)]
    depth = 16
    # Channels, repetitions and first stride of each stage: table 2 of the MobileNetV2 paper, without its first row.
    for channels, repetitions, first_stride in (
        (24, 2, 2),
        (32, 3, 2),
        (64, 4, 2),
        (96, 3, 1),
        (160, 3, 2),
        (320, 1, 1),
    ):
        for repetition in range(repetitions):
            stride = 1 if repetition else first_stride
            steps += [
                _Step("CONV_2D", 1, 6 * depth),
                _Step("DEPTHWISE_CONV_2D", stride, 6 * depth),
                _Step("CONV_2D", 1, channels),
            ]
            if repetition:
                steps.append(_Step("ADD"))
            depth = channels
    return (*steps, _Step("CONV_2D", 1, 1280))


def _mobilenet_v1() -> tuple[_Step, ...]:
    steps = [_Step("CONV_2D", 2, 32)]
    depth = 32
    for channels, stride in (
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        *[(512, 1)] * 5,
        (1024, 2),
        (1024, 1),
    ):
        steps += [_Step("DEPTHWISE_CONV_2D", stride, depth), _Step("CONV_2D", 1, channels)]
        depth = channels
    return tuple(steps)


_NOT_IN_FINGERPRINTS = frozenset({"PAD", "QUANTIZE", "DEQUANTIZE"})
_SSD_OUTPUT = "TFLite_Detection_PostProcess"
_MOBILENET_V2 = _mobilenet_v2()
_MOBILENET_V1 = _mobilenet_v1()
_MOBILENET_V2_TAILS: dict[tuple[str, ...], Network] = {
    ("MEAN", "FULLY_CONNECTED", "SOFTMAX"): Network.KERAS_MOBILENET_V2,
    ("MEAN", "FULLY_CONNECTED"): Network.KERAS_MOBILENET_V2,
    ("AVERAGE_POOL_2D", "CONV_2D", "RESHAPE", "SOFTMAX"): Network.MOBILENET_V2,
    ("MEAN", "CONV_2D", "RESHAPE", "SOFTMAX"): Network.MOBILENET_V2,
}


def _yolo_v8(convolutions: int) -> dict[str, frozenset[int]]:
    # All convolutions have a SiLU (LOGISTIC and MUL) except the six outputs and the box decoder; one LOGISTIC is
    # for the classes.
    return {
        "CONV_2D": frozenset({convolutions}),
        "LOGISTIC": frozenset({convolutions - 6}),
        "MAX_POOL_2D": frozenset({3}),
        "RESIZE_NEAREST_NEIGHBOR": frozenset({2}),
        "DEPTHWISE_CONV_2D": frozenset({0}),
    }


_COUNTED: tuple[tuple[Network, dict[str, frozenset[int]], int, bool], ...] = (
    (Network.YOLO_V8N, _yolo_v8(64), 16, True),
    (Network.YOLO_V8S, _yolo_v8(64), 32, True),
    (Network.YOLO_V8M, _yolo_v8(84), 48, True),
    (Network.YOLO_V8L, _yolo_v8(104), 64, True),
    (Network.YOLO_V8X, _yolo_v8(104), 80, True),
    (
        Network.RESNET50_V2,
        {
            "CONV_2D": frozenset({53}),
            "ADD": frozenset({33}),
            "MUL": frozenset({17}),
            "MAX_POOL_2D": frozenset({4}),
            "MEAN": frozenset({1}),
            "FULLY_CONNECTED": frozenset({1}),
            "PAD": frozenset({5, 18}),
        },
        64,
        False,
    ),
)
"""Network, allowed number of operators by type, channels of the first convolution, whether it decodes boxes."""
