"""SSD (arXiv:1512.02325) on MobileNet V1 and V2, as the TF Object Detection API exports it for TFLite.

For uint8 the file is what the API's quantization-aware training and the old converter wrote; for the other formats
what the MLIR converter writes, with the post-processing in float.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from npufit.graph import Activation
from npufit.zoo import mobilenet_v1, mobilenet_v2
from npufit.zoo.anchors import anchors_per_place, ssd_anchors
from npufit.zoo.builder import HIGHEST_BYTE, GraphBuilder, Signal
from npufit.zoo.draft import Dialect, Draft
from npufit.zoo.spec import Precision, ZooSpec
from npufit.zoo.weights import Target

POSTPROCESS = "TFLite_Detection_PostProcess"
_INPUT = "normalized_input_image_tensor"
_CLASSES = 90
_DETECTIONS = 10
EXTRA_LAYERS = (512, 256, 256, 128)
"""Depths of the four extra feature maps; each halves the size of the one before."""

Predictor = Callable[[Signal, int, str, Target | None], Signal]
"""Appends a predictor, from its input, the depth and the name of its output, and the output's scale."""

_CLASS_LOGITS = Target(-2.5, 1.2)
"""Most anchors see background: scores are low."""


def draw_ssd_mobilenet_v1(spec: ZooSpec) -> Draft:
    """Return the detector on blocks 11 and 13 of MobileNet V1."""
    builder, image = start(spec, "FeatureExtractor/MobilenetV1/MobilenetV1")
    blocks = mobilenet_v1.draw_features(builder, image, spec.alpha, mobilenet_v1.SLIM)
    builder.scope = "FeatureExtractor/MobilenetV1"
    extra = _extra_layers(builder, blocks[12], "Conv2d_13_pointwise", spec.alpha)
    detect(builder, (blocks[10], blocks[12], *extra), spec)
    return builder.draft


def draw_ssd_mobilenet_v2(spec: ZooSpec) -> Draft:
    """Return the detector on the expansion of block 13 and the last convolution of MobileNet V2."""
    builder, image = start(spec, "FeatureExtractor/MobilenetV2")
    features = mobilenet_v2.draw_features(builder, image, spec.alpha, mobilenet_v2.SLIM)
    extra = _extra_layers(builder, features.last, "layer_19", spec.alpha)
    detect(builder, (features.fine, features.last, *extra), spec)
    return builder.draft


def start(spec: ZooSpec, scope: str) -> tuple[GraphBuilder, Signal]:
    """Return the builder of a detector and its image."""
    is_old = spec.precision is Precision.UINT8
    builder = GraphBuilder(Dialect.TOCO if is_old else Dialect.STATIC, scope)
    return builder, builder.image(spec.image_size, _INPUT, highest=HIGHEST_BYTE if is_old else 1.0)


def _extra_layers(builder: GraphBuilder, ifm: Signal, name: str, alpha: float) -> list[Signal]:
    """Append the extra layers, pairs of 1x1 and 3x3 with stride 2, and return the feature maps."""
    relu6 = Activation.RELU6
    maps: list[Signal] = []
    for position, full_depth in enumerate(EXTRA_LAYERS, 2):
        depth, reduced = int(full_depth * alpha), int(full_depth // 2 * alpha)
        ifm = builder.convolution(
            ifm, reduced, f"{name}_1_Conv2d_{position}_1x1_{reduced}", activation=relu6, clamp_is_implied=False
        )
        ifm = builder.convolution(
            ifm,
            depth,
            f"{name}_2_Conv2d_{position}_3x3_s2_{depth}",
            kernel=3,
            stride=2,
            activation=relu6,
            clamp_is_implied=False,
        )
        maps.append(ifm)
    return maps


def detect(builder: GraphBuilder, maps: Sequence[Signal], spec: ZooSpec, predict: Predictor | None = None) -> None:
    """Append the box predictors of every feature map, their concatenation and the post-processing.

    `predict` appends a predictor, by default a 1x1 convolution.
    """

    def by_convolution(ifm: Signal, depth: int, name: str, target: Target | None) -> Signal:
        return builder.convolution(ifm, depth, name, target=target)

    predict = predict or by_convolution
    builder.scope = ""
    boxes: list[Signal] = []
    scores: list[Signal] = []
    for index, (features, count) in enumerate(zip(maps, anchors_per_place(len(maps)), strict=True)):
        name = f"BoxPredictor_{index}"
        anchors = features.shape[1] * features.shape[2] * count
        box = predict(features, 4 * count, f"{name}/BoxEncodingPredictor", None)
        boxes.append(builder.reshape(box, (1, anchors, 1, 4), f"{name}/stack"))
        score = predict(features, (_CLASSES + 1) * count, f"{name}/ClassPredictor", _CLASS_LOGITS)
        scores.append(builder.reshape(score, (1, anchors, _CLASSES + 1), f"{name}/stack_1"))
    all_boxes = builder.concatenation(boxes, "concat", axis=1)
    all_boxes = builder.reshape(all_boxes, (1, all_boxes.shape[1], 4), "Squeeze")
    all_scores = builder.logistic(builder.concatenation(scores, "concat_1", axis=1), "convert_scores")
    values = ssd_anchors([features.shape[1:3] for features in maps], spec.image_size)
    is_quantized = spec.precision is Precision.UINT8
    anchors = builder.parameter(values, "anchors") if is_quantized else builder.float_constant(values, "anchors")
    if spec.precision.is_int8:
        all_boxes = builder.dequantize(all_boxes, "raw_outputs/box_encodings")
        all_scores = builder.dequantize(all_scores, "raw_outputs/class_predictions")
    shapes = ((1, _DETECTIONS, 4), (1, _DETECTIONS), (1, _DETECTIONS), (1,))
    names = (POSTPROCESS, *(f"{POSTPROCESS}:{index}" for index in range(1, len(shapes))))
    builder.custom(
        POSTPROCESS,
        _postprocess_options(is_quantized=is_quantized),
        (all_boxes.index, all_scores.index, anchors),
        # The old converter leaves the shapes to the operator.
        tuple(zip(names, ((),) * len(shapes) if is_quantized else shapes, strict=True)),
    )


def _postprocess_options(*, is_quantized: bool) -> bytes:
    """Return the options of the post-processing as the flexbuffer map that the exporters write."""
    from flatbuffers import flexbuffers  # pyright: ignore[reportMissingTypeStubs]

    untyped: Any = flexbuffers
    options: dict[str, int | float | bool] = {
        "max_detections": _DETECTIONS,
        "max_classes_per_detection": 1,
        "nms_score_threshold": 1e-8,
        "nms_iou_threshold": 0.6,
        "num_classes": _CLASSES,
        "y_scale": 10.0,
        "x_scale": 10.0,
        "h_scale": 5.0,
        "w_scale": 5.0,
    }
    options |= {"_output_quantized": True} if is_quantized else {"use_regular_nms": False}
    return bytes(untyped.Dumps(options))
