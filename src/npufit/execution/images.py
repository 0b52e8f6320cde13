"""Images as inputs of a model: decoded within bounds, fitted to the input, and turned into its numbers."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from npufit.errors import InputError
from npufit.execution.values import Array
from npufit.formatting import shorten
from npufit.graph import Model, Tensor, wire
from npufit.graph.arrays import dtype_of

if TYPE_CHECKING:
    from PIL.Image import Image

RANGES = {"-1..1": (-1.0, 1.0), "0..1": (0.0, 1.0), "0..255": (0.0, 255.0)}
"""The real values that black and white pixels may stand for."""

LARGEST_IMAGE_PIXELS = 50_000_000
IMAGE_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is read, by Pillow's names."""

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_COLOURS = 3
_PADDING = 114
"""The grey of a letterbox's bars, as YOLO is trained with."""


class Fitting(StrEnum):
    """How an image of another shape fills an input."""

    STRETCH = "stretch"
    CROP = "crop"
    LETTERBOX = "letterbox"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What happens to an image before a model sees it.

    `fitting` says how it fills the input: stretched; its largest centred part of the input's shape; or whole, with
    grey bars. `normalize` gives the real values of black and white, a key of `RANGES` or `auto`. With `mean` and `std`,
    in pixel values of 0 to 255, one for all channels or one each, the real values are (pixel - mean) / std instead.
    """

    fitting: Fitting = Fitting.STRETCH
    normalize: str = "auto"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """The part of an image that an input shows, in pixels of the upright image; bars of a letterbox lie outside it."""

    width: int
    height: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class ImageForm:
    """How an input takes an image: its size, its channels, and where they stand in its shape."""

    width: int
    height: int
    channels: int
    is_channels_first: bool = False

    @property
    def mode(self) -> str:
        """Pillow's name of the colours."""
        return _MODES[self.channels]


def image_form(tensor: Tensor) -> ImageForm | None:
    """Return how an input takes an image, None if its shape is not that of one.

    Batch first; then height, width and 1, 3 or 4 channels, or 3 channels first, or no channels for a grey image.
    """
    shape = tensor.shape or ()
    if 0 in shape or dtype_of(tensor) is None:
        return None
    if len(shape) == 4 and shape[3] in _MODES:
        return ImageForm(shape[2], shape[1], shape[3])
    if len(shape) == 4 and shape[1] == _COLOURS:
        return ImageForm(shape[3], shape[2], shape[1], is_channels_first=True)
    return ImageForm(shape[2], shape[1], 1) if len(shape) == 3 else None


def decode_image(data: bytes, where: str) -> Image:
    """Return the image in `data`, upright. Raises InputError if it is not one, is damaged or has too many pixels."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            if image.width * image.height > LARGEST_IMAGE_PIXELS:
                raise InputError(
                    f"{where}: the image has {image.width} x {image.height} pixels; the limit is "
                    f"{LARGEST_IMAGE_PIXELS} pixels."
                )
            image.load()
            return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"{where}: not a readable image, nor an .npy or .npz file: {shorten(str(error))}.") from None


def fit_image(image: Image, form: ImageForm, fitting: Fitting = Fitting.STRETCH) -> tuple[Array, Window]:
    """Return the pixels (height, width, channels; uint8) that an input shows of `image`, and which part that is."""
    from PIL import Image

    wanted, window = form.width / form.height, Window(image.width, image.height, 0, 0, image.width, image.height)
    plain = image.convert(form.mode)
    if fitting is Fitting.CROP:
        window = _centred(image, min(image.width, image.height * wanted), min(image.height, image.width / wanted))
    elif fitting is Fitting.LETTERBOX:
        window = _centred(image, max(image.width, image.height * wanted), max(image.height, image.width / wanted))
        scale = form.width / (window.right - window.left)
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        canvas = Image.new(form.mode, (form.width, form.height), (_PADDING,) * form.channels)
        canvas.paste(
            plain.resize(size, Image.Resampling.BILINEAR), ((form.width - size[0]) // 2, (form.height - size[1]) // 2)
        )
        return _pixels(canvas, form), window
    box = window.left, window.top, window.right, window.bottom
    return _pixels(plain.resize((form.width, form.height), Image.Resampling.BILINEAR, box), form), window


def image_values(
    model: Model, index: int, pixels: Array, form: ImageForm, preparation: Preparation | None = None
) -> Array:
    """Return `pixels` as the input `index` takes them: real values, quantized; repeated for each place of a batch.

    An integer input without quantization gets the pixels themselves. Raises InputError for a wrong preparation.
    """
    preparation = preparation or Preparation()
    tensor = model.main.tensors[index]
    dtype, shape = dtype_of(tensor), tensor.shape
    assert dtype is not None
    assert shape is not None
    scale = tensor.quantization
    if dtype.kind == "f":
        values = _real(model, index, pixels, preparation).astype(dtype)
    elif not scale.scales:
        values = pixels.astype(dtype)
    else:
        limits = np.iinfo(dtype)
        real = _real(model, index, pixels, preparation)
        values = np.clip(np.rint(real / scale.scale) + scale.zero_point, limits.min, limits.max).astype(dtype)
    if form.is_channels_first:
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(np.broadcast_to(values.reshape(1, *shape[1:]), shape))


def pixel_range(model: Model, index: int, normalize: str = "auto") -> tuple[float, float]:
    """Return the real values that a black and a white pixel stand for at the input `index`.

    `auto` takes, of the three usual ranges, the one that the input's quantization covers most closely; for a
    floating-point input, the quantization that QUANTIZE gives it; otherwise -1 to 1. Raises InputError if `normalize`
    is not a key of `RANGES`.
    """
    if normalize != "auto":
        if normalize not in RANGES:
            raise InputError(f"'{normalize}' is not a range of pixels. Write auto, {', '.join(RANGES)}.")
        return RANGES[normalize]
    tensor = quantized_form(model, index)
    quantization = tensor.quantization
    if not quantization.scales or tensor.element.is_float:
        return RANGES["-1..1"]
    low, high = map(quantization.real, tensor.element.integer_range)
    return min(RANGES.values(), key=lambda ends: abs(ends[0] - low) + abs(ends[1] - high))


def quantized_form(model: Model, index: int) -> Tensor:
    """Return the tensor whose quantization says what the input `index` means: that of a QUANTIZE right after it."""
    readers = [model.main.operators[reader] for reader in wire(model.main).consumers[index]]
    if len(readers) == 1 and readers[0].type == "QUANTIZE" and model.main.tensors[index].element.is_float:
        return model.main.tensors[readers[0].outputs[0]]
    return model.main.tensors[index]


def _real(model: Model, index: int, pixels: Array, preparation: Preparation) -> Array:
    if preparation.mean or preparation.std:
        mean = _per_channel(preparation.mean or (0.0,), pixels, "mean")
        return (pixels.astype(np.float64) - mean) / _per_channel(preparation.std or (1.0,), pixels, "std")
    low, high = pixel_range(model, index, preparation.normalize)
    return low + pixels.astype(np.float64) * ((high - low) / 255.0)


def _per_channel(values: tuple[float, ...], pixels: Array, name: str) -> Array:
    if len(values) not in (1, pixels.shape[2]):
        raise InputError(f"--{name} has {len(values)} values, but the input has {pixels.shape[2]} channels.")
    return np.array(values, np.float64)


def _centred(image: Image, width: float, height: float) -> Window:
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return Window(image.width, image.height, left, top, left + width, top + height)


def _pixels(image: Image, form: ImageForm) -> Array:
    values: Any = np.asarray(image, np.uint8)
    return values.reshape(form.height, form.width, form.channels)
