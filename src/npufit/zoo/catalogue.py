"""What networks the zoo has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.zoo.draft import Draft
from npufit.zoo.inception_v1 import draw_inception_v1
from npufit.zoo.inception_v2 import draw_inception_v2
from npufit.zoo.mobilenet_v1 import draw_mobilenet_v1
from npufit.zoo.mobilenet_v2 import draw_mobilenet_v2
from npufit.zoo.resnet50_v2 import draw_resnet50_v2
from npufit.zoo.spec import Precision, ZooSpec, size_text
from npufit.zoo.ssd_mobilenet import draw_ssd_mobilenet_v1, draw_ssd_mobilenet_v2

LARGEST_SIZE = 4096
"""Above it the largest float activations pass 2 GiB, which flatbuffers and most tools cannot address."""

_KERAS_PRECISIONS = (Precision.FLOAT32, Precision.INT8, Precision.INT8_PER_TENSOR)


@dataclass(frozen=True, slots=True)
class ZooEntry:
    """One network: its name, which sizes and options it allows, and the function that draws it.

    Sizes are the sides of the input image in pixels, multiples of `size_step` from `smallest_size`, below which the
    original code refuses to build, to LARGEST_SIZE. `default_size` is the usual height, and the usual width as well
    where `default_width` is None.
    `alphas` are the width multipliers; `padded` are the precisions whose usual export has PAD operators to fold;
    `garden` are those that the Model Garden exports as well.
    """

    name: str
    summary: str
    origin: str
    default_size: int
    draw: Callable[[ZooSpec], Draft]
    default_width: int | None = None
    smallest_size: int = 32
    size_step: int = 1
    alphas: tuple[float, ...] = (1.0,)
    padded: tuple[Precision, ...] = ()
    garden: tuple[Precision, ...] = ()

    @property
    def usual_size(self) -> str:
        """The usual size as it is written."""
        return size_text(self.default_size, self.default_width)


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
            summary="classification by pre-activated bottlenecks: normalisations that nothing absorbs",
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
    )
}
"""The networks of the zoo by name."""


def entries() -> tuple[ZooEntry, ...]:
    """Return the networks of the zoo in the order in which they are listed."""
    return tuple(CATALOGUE.values())
