"""The ends of the classification networks."""

from __future__ import annotations

from npufit.graph import Padding
from npufit.zoo.builder import GraphBuilder, Signal
from npufit.zoo.weights import Target

KERAS_CLASSES = 1000
SLIM_CLASSES = 1001
"""ImageNet's classes; in TF-slim there is one more for the background."""

LOGITS = Target(0.0, 3.0)
"""Logits spread enough that some probabilities of a thousand classes do not round to 0."""


def classify_by_matrix(builder: GraphBuilder, features: Signal) -> None:
    """Append MEAN, FULLY_CONNECTED and SOFTMAX."""
    average = builder.spatial_mean(features, "global_average_pooling2d", keep_dims=False)
    logits = builder.fully_connected(average, KERAS_CLASSES, "predictions", target=LOGITS)
    builder.outputs(builder.softmax(logits, "predictions"))


def classify_by_convolution(
    builder: GraphBuilder, average: Signal, classes: int, name: str, squeeze: str, *, border: Padding = Padding.SAME
) -> None:
    """Append a 1x1 CONV_2D on averaged features, RESHAPE to two dimensions and SOFTMAX."""
    logits = builder.convolution(average, classes, name, border=border, target=LOGITS)
    builder.outputs(builder.softmax(builder.reshape(logits, (1, classes), squeeze), "predictions"))


def average_all(builder: GraphBuilder, features: Signal, name: str, *, stride: int | None = None) -> Signal:
    """Append AVERAGE_POOL_2D over the whole map, with its size as the stride unless one is given."""
    size = features.shape[1], features.shape[2]
    return builder.average_pool(features, name, kernel=size, stride=stride or size, padding=Padding.VALID)
