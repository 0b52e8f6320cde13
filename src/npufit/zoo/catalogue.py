"""The networks of the zoo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.zoo import centernet, ultra_fast_lane, yolov4_tiny, yolov8
from npufit.zoo.centernet import draw_centernet
from npufit.zoo.deeplab_v3 import draw_deeplab_v3
from npufit.zoo.draft import Draft
from npufit.zoo.efficientnet_lite import LITE_VARIANTS, lite_drawer
from npufit.zoo.faces import EMOTION_RANGE, EMOTION_SHAPE, draw_deepface_emotion, draw_facenet512
from npufit.zoo.inception_v1 import draw_inception_v1
from npufit.zoo.inception_v2 import draw_inception_v2
from npufit.zoo.mediapipe_faces import (
    EYE_SHAPE,
    FACE_SHAPE,
    MESH_SHAPE,
    draw_blazeface,
    draw_face_mesh,
    draw_iris_landmark,
)
from npufit.zoo.mlperf_tiny import (
    ANOMALY_SHAPE,
    KEYWORD_SHAPE,
    draw_anomaly_detection,
    draw_image_classification,
    draw_keyword_spotting,
    draw_visual_wake_words,
)
from npufit.zoo.mnasnet import draw_mnasnet_a1
from npufit.zoo.mobilenet_v1 import draw_mobilenet_v1
from npufit.zoo.mobilenet_v2 import draw_mobilenet_v2
from npufit.zoo.mobilenet_v3 import IMAGE_RANGE, draw_mobilenet_v3_large, draw_mobilenet_v3_small
from npufit.zoo.resnet50_v2 import draw_resnet50_v2
from npufit.zoo.resnet_v1 import draw_resnet50
from npufit.zoo.spec import Precision, ZooSpec, size_text
from npufit.zoo.ssd_mobilenet import draw_ssd_mobilenet_v1, draw_ssd_mobilenet_v2
from npufit.zoo.ssdlite_mobiledet import draw_ssdlite_mobiledet
from npufit.zoo.ultra_fast_lane import draw_ultra_fast_lane
from npufit.zoo.wav2letter import WAV2LETTER_SHAPE, draw_wav2letter
from npufit.zoo.whenet import draw_whenet
from npufit.zoo.yolov4_tiny import draw_yolov4_tiny
from npufit.zoo.yolov8 import draw_yolov8

LARGEST_SIZE = 4096
"""Above this the largest float activations exceed 2 GiB, which flatbuffers and most tools cannot address."""

_KERAS_PRECISIONS = (Precision.FLOAT32, Precision.INT8, Precision.INT8_PER_TENSOR)


@dataclass(frozen=True, slots=True)
class ZooEntry:
    """One network: its name, its sizes and options, and the function that draws it.

    Sizes are the sides of the input image in pixels, multiples of `size_step` from `smallest_size`, below which the
    original code refuses to build, to LARGEST_SIZE. `default_size` is the usual height, and also the usual width if
    `default_width` is None. A network with a `fixed_shape` has one input of that shape (without the batch), and its
    sizes are 0. `input_range` is that of the real input values. `alphas` are the width multipliers; `padded` are the
    precisions whose usual export has PAD operators to fold; `garden` are those that the Model Garden also exports.
    """

    name: str
    summary: str
    origin: str
    default_size: int
    draw: Callable[[ZooSpec], Draft]
    default_width: int | None = None
    smallest_size: int = 32
    size_step: int = 1
    fixed_shape: tuple[int, ...] = ()
    input_range: tuple[float, float] = (-1.0, 1.0)
    alphas: tuple[float, ...] = (1.0,)
    padded: tuple[Precision, ...] = ()
    garden: tuple[Precision, ...] = ()

    @property
    def usual_size(self) -> str:
        """The usual size as text; empty if the input has a fixed shape."""
        return "" if self.fixed_shape else size_text(self.default_size, self.default_width)


def _yolov8(variant: str, task: str, suffix: str, summary: str) -> ZooEntry:
    return ZooEntry(
        name=f"yolov8{variant}{suffix}",
        summary=f"{summary}, variant {variant}",
        origin="Ultralytics YOLOv8, TFLite export",
        default_size=640,
        draw=draw_yolov8(variant, task),
        size_step=yolov8.SIZE_STEP,
    )


_YOLOV8 = (
    *(_yolov8(variant, "detect", "", "detection on three maps, boxes decoded in the network") for variant in "nsmlx"),
    *(_yolov8(variant, "segment", "_seg", "detection with masks") for variant in "ns"),
    _yolov8("n", "pose", "_pose", "detection of persons with their joints"),
)

CATALOGUE = {
    entry.name: entry
    for entry in (
        ZooEntry(
            name="mobilenet_v1",
            summary="classification by depthwise separable convolutions",
            origin="keras.applications.MobileNet; uint8: TF-slim mobilenet_v1",
            default_size=224,
            draw=draw_mobilenet_v1,
            alphas=(0.25, 0.5, 0.75, 1.0),
            padded=_KERAS_PRECISIONS,
        ),
        ZooEntry(
            name="mobilenet_v2",
            summary="classification by inverted residuals",
            origin="keras.applications.MobileNetV2; uint8: TF-slim mobilenet_v2; garden: TF2 Model Garden",
            default_size=224,
            draw=draw_mobilenet_v2,
            alphas=(0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
            padded=_KERAS_PRECISIONS,
            garden=_KERAS_PRECISIONS,
        ),
        ZooEntry(
            name="resnet50_v2",
            summary="classification by pre-activated bottlenecks, whose normalisations cannot be folded",
            origin="keras.applications.ResNet50V2",
            default_size=224,
            draw=draw_resnet50_v2,
            padded=tuple(Precision),
        ),
        ZooEntry(
            name="inception_v1",
            summary="classification by modules of four branches",
            origin="TF-slim inception_v1; float32 and int8: the same as a Keras model",
            default_size=224,
            draw=draw_inception_v1,
        ),
        ZooEntry(
            name="inception_v2",
            summary="classification by modules of four branches, with a separable stem",
            origin="TF-slim inception_v2; float32 and int8: the same as a Keras model",
            default_size=224,
            draw=draw_inception_v2,
        ),
        ZooEntry(
            name="ssd_mobilenet_v1",
            summary="detection on six feature maps of MobileNet V1",
            origin="TF Object Detection API, ssd_mobilenet_v1_coco",
            default_size=300,
            draw=draw_ssd_mobilenet_v1,
            smallest_size=33,
            alphas=(0.75, 1.0),
        ),
        ZooEntry(
            name="ssd_mobilenet_v2",
            summary="detection on six feature maps of MobileNet V2",
            origin="TF Object Detection API, ssd_mobilenet_v2_quantized_300x300_coco",
            default_size=300,
            draw=draw_ssd_mobilenet_v2,
            smallest_size=33,
        ),
        ZooEntry(
            name="resnet50",
            summary="classification by bottlenecks with a rectified sum (v1)",
            origin="keras.applications.ResNet50",
            default_size=224,
            draw=draw_resnet50,
            padded=tuple(Precision),
        ),
        *(
            ZooEntry(
                name=f"efficientnet_lite{number}",
                summary="classification by inverted residuals with 3x3 and 5x5 kernels",
                origin=f"tensorflow/tpu efficientnet-lite{number}",
                default_size=variant.size,
                draw=lite_drawer(variant),
            )
            for number, variant in enumerate(LITE_VARIANTS)
        ),
        ZooEntry(
            name="mlperf_tiny_ad",
            summary="anomaly detection in machine sounds by an autoencoder of ten matrices",
            origin="MLPerf Tiny ad01_int8",
            default_size=0,
            draw=draw_anomaly_detection,
            smallest_size=0,
            fixed_shape=ANOMALY_SHAPE,
        ),
        ZooEntry(
            name="mlperf_tiny_kws",
            summary="keyword spotting by depthwise separable convolutions on MFCCs",
            origin="MLPerf Tiny kws_ref_model",
            default_size=0,
            draw=draw_keyword_spotting,
            smallest_size=0,
            fixed_shape=KEYWORD_SHAPE,
        ),
        ZooEntry(
            name="mlperf_tiny_ic",
            summary="classification of small images by three residual blocks",
            origin="MLPerf Tiny pretrainedResnet_quant (ResNet8)",
            default_size=32,
            draw=draw_image_classification,
        ),
        ZooEntry(
            name="mlperf_tiny_vww",
            summary="person or none, by MobileNet V1 at a quarter width",
            origin="MLPerf Tiny vww_96_int8",
            default_size=96,
            draw=draw_visual_wake_words,
        ),
        ZooEntry(
            name="mobilenet_v3_small",
            summary="classification by inverted residuals with hard swish, some with squeeze-and-excite",
            origin="keras.applications.MobileNetV3Small",
            default_size=224,
            draw=draw_mobilenet_v3_small,
            padded=tuple(Precision),
            input_range=IMAGE_RANGE,
        ),
        ZooEntry(
            name="mobilenet_v3_large",
            summary="classification by inverted residuals with hard swish, some with squeeze-and-excite",
            origin="keras.applications.MobileNetV3Large",
            default_size=224,
            draw=draw_mobilenet_v3_large,
            padded=tuple(Precision),
            input_range=IMAGE_RANGE,
        ),
        ZooEntry(
            name="mnasnet_a1",
            summary="classification by inverted residuals, some with squeeze-and-excite",
            origin="tensorflow/tpu mnasnet-a1",
            default_size=224,
            draw=draw_mnasnet_a1,
            alphas=(0.75, 1.0),
        ),
        ZooEntry(
            name="whenet",
            summary="head pose by EfficientNet-B0 with swish and squeeze-and-excite",
            origin="WHENet on qubvel/efficientnet",
            default_size=224,
            draw=draw_whenet,
        ),
        ZooEntry(
            name="facenet512",
            summary="a vector for a face by Inception-ResNet V1",
            origin="serengil/deepface Facenet512",
            default_size=160,
            draw=draw_facenet512,
            smallest_size=75,
        ),
        ZooEntry(
            name="deepface_emotion",
            summary="emotions of a grey face by five convolutions and three matrices",
            origin="serengil/deepface Emotion",
            default_size=0,
            draw=draw_deepface_emotion,
            smallest_size=0,
            fixed_shape=EMOTION_SHAPE,
            input_range=EMOTION_RANGE,
        ),
        ZooEntry(
            name="blazeface",
            summary="detection of faces on two maps of a small network",
            origin="MediaPipe face_detection_short_range",
            default_size=0,
            draw=draw_blazeface,
            smallest_size=0,
            fixed_shape=FACE_SHAPE,
        ),
        ZooEntry(
            name="face_mesh",
            summary="468 points of a face by the same blocks with PRELU",
            origin="MediaPipe face_landmark",
            default_size=0,
            draw=draw_face_mesh,
            smallest_size=0,
            fixed_shape=MESH_SHAPE,
        ),
        ZooEntry(
            name="iris_landmark",
            summary="points of an eye and its iris by narrow blocks with PRELU",
            origin="MediaPipe iris_landmark",
            default_size=0,
            draw=draw_iris_landmark,
            smallest_size=0,
            fixed_shape=EYE_SHAPE,
        ),
        ZooEntry(
            name="wav2letter",
            summary="speech to letters by convolutions over time",
            origin="ARM-software/ML-zoo wav2letter_int8",
            default_size=0,
            draw=draw_wav2letter,
            smallest_size=0,
            fixed_shape=WAV2LETTER_SHAPE,
        ),
        *_YOLOV8,
        ZooEntry(
            name="ssdlite_mobiledet",
            summary="detection on six feature maps of MobileDet, which has full convolutions in its first stages",
            origin="TF Object Detection API, ssd_mobiledet_edgetpu",
            default_size=320,
            draw=draw_ssdlite_mobiledet,
            smallest_size=33,
        ),
        ZooEntry(
            name="centernet",
            summary="detection by centres of objects, on MobileNet V2 with a feature pyramid",
            origin="TF2 Object Detection API, centernet_mobilenetv2fpn_512x512_coco17_od without post-processing",
            default_size=512,
            draw=draw_centernet,
            size_step=centernet.SIZE_STEP,
        ),
        ZooEntry(
            name="yolov4_tiny",
            summary="detection on two maps, with leaky ReLU",
            origin="Darknet yolov4-tiny by Keras, as NXP's model zoo exports it",
            default_size=416,
            draw=draw_yolov4_tiny,
            size_step=yolov4_tiny.SIZE_STEP,
        ),
        ZooEntry(
            name="ultra_fast_lane",
            summary="lanes of a road by ResNet18 and two matrices",
            origin="cfzd/Ultra-Fast-Lane-Detection, TuSimple, in the shapes of NXP's lane detection",
            default_size=288,
            default_width=800,
            draw=draw_ultra_fast_lane,
            size_step=ultra_fast_lane.SIZE_STEP,
        ),
        ZooEntry(
            name="deeplab_v3",
            summary="segmentation by MobileNet V2 and pooled context",
            origin="tensorflow/models research/deeplab, mnv2 pascal; uint8: deeplabv3_mnv2_*_pascal_quant",
            default_size=513,
            draw=draw_deeplab_v3,
            alphas=(0.5, 1.0),
        ),
    )
}
"""The networks of the zoo by name."""


def entries() -> tuple[ZooEntry, ...]:
    """Return the networks of the zoo in listing order."""
    return tuple(CATALOGUE.values())
