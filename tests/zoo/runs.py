"""Runs networks of the zoo in LiteRT's reference kernels and keeps every tensor."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # pyright: ignore[reportMissingTypeStubs]

from npufit.graph import ElementType, Model, Tensor
from npufit.tflite import serialize_model
from npufit.zoo import CATALOGUE, ZooEntry, build, entries, parse_spec

Array = npt.NDArray[Any]

DETECTORS = (
    "yolov8n@416", "yolov8n_seg@416", "yolov8n_pose@416", "yolov4_tiny@160", "deeplab_v3@129", "deeplab_v3@129,uint8",
    "centernet@160", "ssdlite_mobiledet@96", "ssdlite_mobiledet@96,uint8",
)  # fmt: skip
"""Detectors and segmenters at small sizes, one of each family: they are tested in few formats."""

_LARGE = ("ssdlite_mobiledet", "yolov8", "yolov4_tiny", "ultra_fast_lane", "deeplab_v3", "centernet")
_SCALED = tuple(f"efficientnet_lite{number}" for number in range(1, 5))
FAMILIES = [entry for entry in entries() if not entry.name.startswith(_LARGE + _SCALED)]
"""The other networks, as far as they differ in more than their size."""


def name_at(entry: ZooEntry, size: int) -> str:
    """Return the name of a network at a size, or without one where its input has a fixed shape."""
    return entry.name if entry.fixed_shape else f"{entry.name}@{max(size, entry.smallest_size)}"


def example(name: str, image: Callable[[int], Array]) -> Array:
    """Return an input for the network `name`: an image that `image` makes, or noise where the shape is fixed."""
    spec = parse_spec(name)
    entry = CATALOGUE[spec.network]
    if entry.fixed_shape:
        values = np.random.default_rng(1).uniform(-1, 1, (1, *entry.fixed_shape)).astype(np.float32)
    else:
        values = image(spec.size)
    low, high = entry.input_range
    return (values + 1) * ((high - low) / 2) + low


@lru_cache(maxsize=12)
def network(name: str) -> Model:
    """Return the network of the zoo that `name` means; tests share the last ones."""
    return build(parse_spec(name))


def noise_image(size: int, width: int | None = None, seed: int = 1) -> Array:
    """Return an image of independent pixels in -1..1, the input that benchmarks use."""
    return np.random.default_rng(seed).uniform(-1, 1, (1, size, width or size, 3)).astype(np.float32)


def smooth_image(size: int, seed: int = 1) -> Array:
    """Return an image of soft blobs with a little noise, as correlated from pixel to pixel as a photograph."""
    random = np.random.default_rng(seed)
    knots = random.uniform(-1, 1, (size // 16 + 2, size // 16 + 2, 3))
    places = np.arange(size) / 16
    whole = places.astype(int)
    part = (places - whole)[:, np.newaxis, np.newaxis]
    rows = knots[whole] * (1 - part) + knots[whole + 1] * part
    part = part.reshape(1, -1, 1)
    image = rows[:, whole] * (1 - part) + rows[:, whole + 1] * part
    return np.clip(image + 0.05 * random.standard_normal(image.shape), -1, 1)[np.newaxis].astype(np.float32)


def run(model: Model, image: Array) -> dict[int, Array]:
    """Return what every operator of `model` computes for a real-valued image, by tensor index."""
    interpreter: Any = Interpreter(
        model_content=serialize_model(model),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    index = model.main.inputs[0]
    interpreter.set_tensor(index, stored(image, model.main.tensors[index]))
    interpreter.invoke()
    computed = [output for operator in model.main.operators for output in operator.outputs]
    return {output: interpreter.get_tensor(output) for output in computed}


def outputs(model: Model, image: Array) -> list[Array]:
    """Return the outputs of `model` for a real-valued image."""
    values = run(model, image)
    return [values[index] for index in model.main.outputs]


def stored(values: Array, tensor: Tensor) -> Array:
    """Return real values as the tensor stores them."""
    if tensor.element is ElementType.FLOAT32:
        return values
    quantization = tensor.quantization
    integers = np.rint(values / quantization.scale) + quantization.zero_point
    return np.clip(integers, *tensor.element.integer_range).astype(tensor.element.value)


def real(values: Array, tensor: Tensor) -> Array:
    """Return stored values as the real numbers that they stand for."""
    quantization = tensor.quantization
    if not quantization.is_quantized:
        return values
    return (values.astype(np.float64) - quantization.zero_point) * quantization.scale
