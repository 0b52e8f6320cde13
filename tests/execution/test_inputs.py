"""What a model is run with: images, arrays and random values, and what is refused."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import npufit
from npufit.errors import InputError
from npufit.execution import random_inputs, read_inputs
from npufit.execution.images import LARGEST_IMAGE_PIXELS, pixel_range
from npufit.graph import ElementType, Model, Quantization, Subgraph, Tensor


def _model(*tensors: Tensor) -> Model:
    return Model("model", (Subgraph(tensors, tuple(range(len(tensors))), (), ()),))


def _image_input(
    element: ElementType, scale: float = 0.0, zero_point: int = 0, shape: tuple[int, ...] = (1, 8, 6, 3)
) -> Model:
    quantization = Quantization((scale,), (zero_point,)) if scale else Quantization()
    return _model(Tensor("image", shape, element, quantization))


def _save(path: Path, color: tuple[int, int, int], size: tuple[int, int] = (6, 8)) -> str:
    Image.new("RGB", size, color).save(path)
    return str(path)


def test_random_values_are_those_of_the_captures() -> None:
    model = _image_input(ElementType.INT8)
    expected = np.random.default_rng(0).integers(-128, 128, size=(1, 8, 6, 3), dtype=np.int8)
    assert np.array_equal(random_inputs(model)[0], expected)
    assert not np.array_equal(random_inputs(model, 1)[0], expected)


@pytest.mark.parametrize("element", [ElementType.UINT8, ElementType.INT16, ElementType.INT64, ElementType.UINT64])
def test_random_integers_cover_their_type(element: ElementType) -> None:
    values = random_inputs(_model(Tensor("values", (4096,), element)))[0]
    low, high = element.integer_range
    assert values.dtype == np.dtype(element.value)
    assert int(values.min()) < low + (high - low) // 100 + 1
    assert int(values.max()) > high - (high - low) // 100 - 1


def test_random_reals_lie_around_zero() -> None:
    values = random_inputs(_model(Tensor("values", (4096,), ElementType.FLOAT32)))[0]
    assert values.dtype == np.float32
    assert -1.0 <= values.min() < -0.99
    assert 0.99 < values.max() <= 1.0


def test_an_input_without_numbers_is_refused() -> None:
    for tensor in (Tensor("text", (1,), ElementType.STRING), Tensor("any", None, ElementType.INT8)):
        with pytest.raises(InputError, match="which npufit cannot fill"):
            random_inputs(_model(tensor))


@pytest.mark.parametrize(
    ("element", "scale", "zero_point", "black", "white"),
    [
        (ElementType.FLOAT32, 0.0, 0, -1.0, 1.0),
        (ElementType.INT8, 2 / 255, -1, -128, 127),
        (ElementType.UINT8, 1 / 128, 128, 0, 255),
        (ElementType.UINT8, 1 / 255, 0, 0, 255),
        (ElementType.INT8, 1.0, -128, -128, 127),
        (ElementType.INT8, 4 / 255, 0, -64, 64),
        (ElementType.UINT8, 0.0, 0, 0, 255),
    ],
)
def test_images_become_what_the_input_asks_for(
    tmp_path: Path, element: ElementType, scale: float, zero_point: int, black: float, white: float
) -> None:
    model = _image_input(element, scale, zero_point)
    for color, expected in ((0, black), (255, white)):
        values = read_inputs(model, [_save(tmp_path / "image.png", (color, color, color))])[0]
        assert values.shape == (1, 8, 6, 3)
        assert values.dtype == np.dtype(element.value)
        assert np.all(values == expected)


def test_pixels_keep_their_place_and_channel(tmp_path: Path) -> None:
    pixels = np.zeros((8, 6, 3), np.uint8)
    pixels[5, 2, 1] = 200
    Image.fromarray(pixels).save(tmp_path / "image.png")
    values = read_inputs(_image_input(ElementType.UINT8, 1 / 255), [str(tmp_path / "image.png")])[0]
    assert np.array_equal(values[0], pixels)


def test_images_are_resized_turned_upright_and_made_grey(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 20), (0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right: its left becomes the top
    image.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    model = _image_input(ElementType.UINT8, 1 / 255, shape=(1, 8, 4, 1))
    values = read_inputs(model, [str(tmp_path / "photo.jpg")])[0]
    assert values.shape == (1, 8, 4, 1)
    assert values[0, :3].min() > 200
    assert values[0, 5:].max() < 50


def test_the_range_of_pixels_can_be_given(tmp_path: Path) -> None:
    model = _image_input(ElementType.FLOAT32)
    white = _save(tmp_path / "white.png", (255, 255, 255))
    assert np.all(read_inputs(model, [white], normalize="0..255")[0] == 255.0)
    assert np.all(read_inputs(model, [white], normalize="0..1")[0] == 1.0)


def test_a_real_input_takes_the_range_of_what_it_is_quantized_to() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    assert model.main.tensors[model.main.inputs[0]].element is ElementType.FLOAT32
    assert pixel_range(model, model.main.inputs[0]) == (-1.0, 1.0)


def test_arrays_are_taken_as_they_are(tmp_path: Path) -> None:
    model = _image_input(ElementType.INT8)
    values = np.arange(144, dtype=np.int8).reshape(8, 6, 3)
    np.save(tmp_path / "values.npy", np.asfortranarray(values))
    assert np.array_equal(read_inputs(model, [str(tmp_path / "values.npy")])[0], values[np.newaxis])
    real = _model(Tensor("values", (3,), ElementType.FLOAT32))
    np.save(tmp_path / "real.npy", np.array([1.0, 2.0, 3.0]))
    assert read_inputs(real, [str(tmp_path / "real.npy")])[0].dtype == np.float32


@pytest.mark.parametrize("keys", [("b", "a"), ("1", "0"), ("x", "y")])
def test_archives_are_matched_by_name_by_index_or_in_order(tmp_path: Path, keys: tuple[str, str]) -> None:
    model = _model(Tensor("a", (2,), ElementType.INT8), Tensor("b", (3,), ElementType.INT8))
    a, b = np.array([1, 2], np.int8), np.array([3, 4, 5], np.int8)
    arrays = (a, b) if keys == ("x", "y") else (b, a)
    np.savez(tmp_path / "both.npz", allow_pickle=False, **dict(zip(keys, arrays, strict=True)))
    found = read_inputs(model, [str(tmp_path / "both.npz")])
    assert np.array_equal(found[0], a)
    assert np.array_equal(found[1], b)


def test_files_are_given_by_name_or_in_order(tmp_path: Path) -> None:
    model = _model(Tensor("a", (2,), ElementType.INT8), Tensor("b", (2,), ElementType.INT8))
    for name, value in (("one", 1), ("two", 2)):
        np.save(tmp_path / f"{name}.npy", np.full(2, value, np.int8))
    one, two = str(tmp_path / "one.npy"), str(tmp_path / "two.npy")
    assert [int(values[0]) for values in read_inputs(model, [one, two]).values()] == [1, 2]
    assert int(read_inputs(model, [f"b={one}", f"a={two}"])[1][0]) == 1
    for sources, message in (
        ([one], "there is no value for input 1 'b'"),
        ([one, two, one], "has only 2 inputs"),
        ([f"c={one}", two], "has no input 'c'. It has: 0 'a', 1 'b'"),
    ):
        with pytest.raises(InputError, match=message):
            read_inputs(model, sources)


def _npy(shape: tuple[int, ...], data: bytes, descr: str = "|i1") -> bytes:
    file = io.BytesIO()
    header: dict[str, Any] = {"shape": shape, "fortran_order": False, "descr": descr}
    np.lib.format.write_array_header_1_0(file, header)  # pyright: ignore[reportArgumentType]
    return file.getvalue() + data


def _bomb_png() -> bytes:
    """Return a PNG file of a few bytes that claims a hundred thousand pixels each way."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("absent.png", None, "no such file"),
        ("text.png", b"no image at all", "not a readable image"),
        ("cut.png", _bomb_png()[:40], "not a readable image"),
        ("bomb.png", _bomb_png(), rf"not a readable image|limit is {LARGEST_IMAGE_PIXELS}"),
        ("text.npy", b"no array at all", "cannot be read as one array"),
        ("shape.npy", _npy((1, 8, 6, 4), bytes(192)), r"the shape is \(1, 8, 6, 4\)"),
        ("type.npy", _npy((1, 8, 6, 3), bytes(288), "<i2"), "the type is int16"),
        ("cut.npy", _npy((1, 8, 6, 3), bytes(100)), "truncated or damaged"),
        ("huge.npy", _npy((1 << 60,), bytes(100)), "truncated or damaged"),
        ("objects.npy", _npy((1,), bytes(8), "|O"), "Python objects"),
        ("header.npy", b"\x93NUMPY\x01\x00\x10\x00{'shape': (1,),  ", "not a NumPy array"),
        ("text.npz", b"no archive at all", "not an .npz file"),
    ],
)
def test_bad_files_are_one_clear_error(tmp_path: Path, name: str, data: bytes | None, message: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_inputs(_image_input(ElementType.INT8), [str(tmp_path / name)])


def test_an_archive_that_unpacks_to_far_more_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("image.npy", _npy((1 << 26,), bytes(1 << 26)))
    with pytest.raises(InputError, match="far more than"):
        read_inputs(_image_input(ElementType.INT8), [str(tmp_path / "bomb.npz")])


def test_an_archive_of_other_arrays_names_the_inputs(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=np.zeros(1), b=np.zeros(1))
    with pytest.raises(InputError, match=r"has 2 arrays \(a, b\), model has 1 inputs: 0 'image'"):
        read_inputs(_image_input(ElementType.INT8), [str(tmp_path / "two.npz")])


def test_an_image_needs_an_input_for_images(tmp_path: Path) -> None:
    image = _save(tmp_path / "image.png", (0, 0, 0))
    with pytest.raises(InputError, match="takes no image"):
        read_inputs(_model(Tensor("values", (1, 10), ElementType.INT8)), [image])
