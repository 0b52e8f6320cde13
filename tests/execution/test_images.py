"""Images as inputs: which part of them an input shows, in which form, and as which numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from npufit.errors import InputError
from npufit.execution import Fitting, ImageForm, Preparation, decode_image, fit_image, image_form, image_values
from npufit.graph import ElementType, Model, Quantization, Subgraph, Tensor

_UNIT = Quantization((1 / 128,), (0,))


def _striped(width: int, height: int) -> Image.Image:
    """Return an image whose left half is black and whose right half is white."""
    image = Image.new("RGB", (width, height))
    image.paste((255, 255, 255), (width // 2, 0, width, height))
    return image


def _packed(image: Image.Image, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def _model(*shape: int, element: ElementType = ElementType.INT8, quantization: Quantization = _UNIT) -> Model:
    return Model("made.tflite", (Subgraph((Tensor("image", shape, element, quantization),), (0,), (), ()),))


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ((1, 20, 30, 3), ImageForm(30, 20, 3)),
        ((4, 20, 30, 1), ImageForm(30, 20, 1)),
        ((1, 3, 20, 30), ImageForm(30, 20, 3, is_channels_first=True)),
        ((1, 28, 28), ImageForm(28, 28, 1)),
        ((1, 640), None),
        ((1, 1, 10, 64), None),
        ((1, 0, 30, 3), None),
    ],
)
def test_shapes_say_how_an_input_takes_an_image(shape: tuple[int, ...], form: ImageForm | None) -> None:
    assert image_form(Tensor("image", shape, ElementType.INT8)) == form


def test_an_image_is_stretched_cropped_or_framed() -> None:
    image, form = _striped(80, 40), ImageForm(20, 20, 3)
    stretched, window = fit_image(image, form)
    assert (window.left, window.top, window.right, window.bottom) == (0, 0, 80, 40)
    assert (stretched[:, :9].max(), stretched[:, 11:].min()) == (0, 255)
    cropped, window = fit_image(image, form, Fitting.CROP)
    assert (window.left, window.top, window.right, window.bottom) == (20, 0, 60, 40)
    assert (cropped[:, :9].max(), cropped[:, 11:].min()) == (0, 255)
    framed, window = fit_image(image, form, Fitting.LETTERBOX)
    assert (window.left, window.top, window.right, window.bottom) == (0, -20, 80, 60)
    assert (framed[:5] == 114).all()
    assert (framed[15:] == 114).all()
    assert (framed[5:15, :9].max(), framed[5:15, 11:].min()) == (0, 255)


def test_images_stand_upright_and_damaged_or_strange_ones_are_refused() -> None:
    turned = Image.new("RGB", (40, 20))
    exif = turned.getexif()
    exif[274] = 6  # a quarter turn
    file = io.BytesIO()
    turned.save(file, "JPEG", exif=exif)
    assert decode_image(file.getvalue(), "turned.jpg").size == (20, 40)
    whole = _packed(_striped(80, 40))
    for data in (whole[:60], b"no image", _packed(_striped(8, 8), "PCX")):
        with pytest.raises(InputError, match=r"x\.png: not a readable image"):
            decode_image(data, "x.png")


def test_pixels_become_the_numbers_of_the_input() -> None:
    form = ImageForm(2, 1, 3)
    pixels = np.array([[[0, 0, 0], [255, 128, 0]]], np.uint8)
    model = _model(1, 1, 2, 3)
    assert image_values(model, 0, pixels, form).tolist() == [[[[-128, -128, -128], [127, 1, -128]]]]
    mean_and_std = Preparation(mean=(127.5,), std=(255.0, 127.5, 51.0))
    assert image_values(model, 0, pixels, form, mean_and_std)[0, 0, 1].tolist() == [64, 1, -128]
    grey = image_values(_model(2, 1, 2, 3), 0, pixels, form)
    assert (grey[0] == grey[1]).all()
    first = image_values(_model(1, 3, 1, 2), 0, pixels, ImageForm(2, 1, 3, is_channels_first=True))
    assert first[0, 0].tolist() == [[-128, 127]]
    raw = image_values(_model(1, 1, 2, 3, element=ElementType.UINT8, quantization=Quantization()), 0, pixels, form)
    assert raw[0].tolist() == pixels.tolist()
    real = image_values(_model(1, 1, 2, 3, element=ElementType.FLOAT32), 0, pixels, form, Preparation(normalize="0..1"))
    assert real[0, 0, 1].tolist() == pytest.approx([1.0, 128 / 255, 0.0])
