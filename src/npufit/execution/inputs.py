"""The inputs of a run: images, arrays or seeded random numbers, in the form that the model takes.

Files are untrusted: sizes are checked before anything is unpacked, and pickled objects are not read.
"""

from __future__ import annotations

import io
import tokenize
import zipfile
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from npufit.errors import InputError
from npufit.execution.images import Preparation, decode_image, fit_image, image_form, image_values
from npufit.execution.operands import operand_values
from npufit.execution.values import Array, without_ones
from npufit.files import read_bounded
from npufit.formatting import printable, shorten
from npufit.graph import Model
from npufit.graph.arrays import dtype_of

_HEADER_BYTES = 1 << 16
_LARGEST_INPUT_BYTES = 1 << 30


def random_inputs(model: Model, seed: int = 0) -> dict[int, Array]:
    """Return random values for every input of `model`, from one generator in the order of the inputs.

    Integers are uniform over the whole range of their type, floating-point values over -1 to 1; an input that an
    operator uses as a shape, size, axis or index is derived from the shapes in the file (`operands`). Raises InputError
    for an input of unknown shape or of a type without numbers.
    """
    generator = np.random.default_rng(seed)
    return {index: _random(generator, model, index) for index in model.main.inputs}


def made_up_values(model: Model, index: int) -> Array | None:
    """Return values for a tensor that nothing can compute here, None if its form is unknown.

    They depend only on type and shape, so they are the same for this tensor in a compiled or rewritten model.
    """
    try:
        return _random(np.random.default_rng(0), model, index)
    except InputError:
        return None


def read_inputs(model: Model, sources: Sequence[str], seed: int = 0, normalize: str = "auto") -> dict[int, Array]:
    """Return the inputs of `model` from files; without files, `random_inputs` of `seed`.

    Each source is `FILE` or `NAME=FILE`, where NAME is the name or the index of an input tensor; plain files are for
    the inputs in order. An `.npz` file has one array per input, by name, by index, or in order. `normalize` is what
    pixels stand for: a key of `RANGES`, or `auto`. Raises InputError for anything that does not fit.
    """
    if not sources:
        return random_inputs(model, seed)
    inputs = model.main.inputs
    found: dict[int, Array] = {}
    for source in sources:
        index, path = _split(model, source)
        if path.suffix.lower() == ".npz" and index is None:
            found |= _read_archive(model, path)
            continue
        index = next((own for own in inputs if own not in found), None) if index is None else index
        if index is None:
            raise InputError(f"{path}: {model.name} has only {len(inputs)} inputs, and all of them are already given.")
        found[index] = _read_file(model, index, path, normalize)
    missing = [_name(model, index) for index in inputs if index not in found]
    if missing:
        raise InputError(f"{model.name}: there is no value for input {', '.join(missing)}. Add --input NAME=FILE.")
    return found


def _random(generator: np.random.Generator, model: Model, index: int) -> Array:
    shape, dtype = _form(model, index)
    operand = operand_values(model, index, generator)
    if operand is not None:
        return operand
    if dtype.kind == "f":
        return generator.uniform(-1.0, 1.0, shape).astype(dtype)
    if dtype.kind == "b":
        return generator.integers(0, 2, shape).astype(dtype)
    if dtype.kind not in "iu":
        raise InputError(
            f"{model.name}: input {_name(model, index)} is {dtype}, for which npufit makes no values; "
            "give it with --input FILE.npy."
        )
    limits = np.iinfo(dtype)
    return generator.integers(int(limits.min), int(limits.max) + 1, size=shape, dtype=dtype)


def _form(model: Model, index: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    tensor = model.main.tensors[index]
    dtype = dtype_of(tensor)
    if dtype is None or tensor.shape is None:
        unknown = f"type {tensor.element}" if dtype is None else "unknown shape"
        raise InputError(f"{model.name}: input {_name(model, index)} has {unknown}, which npufit cannot fill.")
    if prod(tensor.shape) * dtype.itemsize > _LARGEST_INPUT_BYTES:
        raise InputError(f"{model.name}: input {_name(model, index)} of shape {tensor.shape} is larger than 1 GiB.")
    return tensor.shape, dtype


def _name(model: Model, index: int) -> str:
    return f"{index} '{shorten(model.main.tensors[index].name)}'"


def _split(model: Model, source: str) -> tuple[int | None, Path]:
    """Return the input that `NAME=FILE` names, and the file; no input if `source` is an existing file."""
    path = Path(source)
    name, equals, rest = source.partition("=")
    if not equals or path.exists():
        return None, path
    for index in model.main.inputs:
        if name in (model.main.tensors[index].name, str(index)):
            return index, Path(rest)
    known = ", ".join(_name(model, index) for index in model.main.inputs)
    raise InputError(f"--input {printable(source)}: {model.name} has no input '{printable(name)}'. It has: {known}.")


def _read_file(model: Model, index: int, path: Path, normalize: str) -> Array:
    data = _read_bytes(path)
    if data[:6] == b"\x93NUMPY":
        return _fit(model, index, _parse_array(data, str(path)), str(path))
    if path.suffix.lower() in (".npy", ".npz"):
        kind = "one array" if path.suffix.lower() == ".npy" else "several; omit NAME="
        raise InputError(f"{path}: cannot be read as {kind}. Write it with numpy.save.")
    return _read_image(model, index, data, path, normalize)


def _read_bytes(path: Path) -> bytes:
    try:
        is_file = path.is_file()
    except ValueError:  # a name that no file can have
        is_file = False
    if not is_file:
        raise InputError(f"{path}: no such file. --input takes an image, an .npy or an .npz file.")
    return read_bounded(path, _LARGEST_INPUT_BYTES)


def _parse_array(data: bytes, where: str) -> Array:
    """Return the array in the bytes of an `.npy` file; its header is trusted only as far as the bytes go."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = read_header(file, max_header_size=10_000)
    except (ValueError, TypeError, EOFError, SyntaxError, tokenize.TokenError) as error:
        raise InputError(f"{where}: not a NumPy array: {error}.") from None
    if dtype.hasobject:
        raise InputError(f"{where}: contains Python objects, which npufit does not read. Save an array of numbers.")
    rest = data[file.tell() :]
    if dtype.itemsize == 0 or len(rest) != prod(shape) * dtype.itemsize:
        raise InputError(f"{where}: truncated or damaged: {len(rest)} bytes of values for {shape} {dtype}.")
    values = np.frombuffer(rest, dtype)
    return values.reshape(shape, order="F" if is_fortran else "C")


def _read_archive(model: Model, path: Path) -> dict[int, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
            keys = [entry.filename.removesuffix(".npy") for entry in entries]
            return {
                index: _read_entry(model, index, archive, entries[position], path)
                for index, position in _match(model, keys, path).items()
            }
    except FileNotFoundError:
        raise InputError(f"{path}: no such file. --input takes an image, an .npy or an .npz file.") from None
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: not an .npz file of arrays: {error}.") from None


def _match(model: Model, keys: list[str], path: Path) -> Mapping[int, int]:
    """Return the position in the archive of each input's array: by name, by index, otherwise in order."""
    inputs = model.main.inputs
    found: dict[int, int] = {}
    for index in inputs:
        for name in (model.main.tensors[index].name, str(index)):
            if name in keys:
                found[index] = keys.index(name)
                break
    if found:
        return found
    if len(keys) != len(inputs):
        raise InputError(
            f"{path}: has {len(keys)} arrays ({shorten(', '.join(keys)) or 'none'}), {model.name} has {len(inputs)} "
            f"inputs: {', '.join(_name(model, index) for index in inputs)}. Use these names for the arrays."
        )
    return dict(zip(inputs, range(len(keys)), strict=True))


def _read_entry(model: Model, index: int, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> Array:
    shape, dtype = _form(model, index)
    where = f"{path}, array '{shorten(entry.filename.removesuffix('.npy'))}'"
    # A float64 array for a float32 input is welcome, so twice the bytes; more can only be wrong.
    if entry.file_size > 2 * prod(shape) * dtype.itemsize + _HEADER_BYTES:
        raise InputError(f"{where}: {entry.file_size} bytes, far more than {shape} {dtype} takes.")
    return _fit(model, index, _parse_array(archive.read(entry), where), where)


def _fit(model: Model, index: int, values: Array, where: str) -> Array:
    """Return `values` as the input takes them: a batch of one may be omitted, float64 becomes float32."""
    shape, dtype = _form(model, index)
    if values.dtype != dtype and not (values.dtype.kind == "f" and dtype.kind == "f"):
        raise InputError(f"{where}: the type is {values.dtype}, but input {_name(model, index)} takes {dtype}.")
    if without_ones(values.shape) != without_ones(shape):
        raise InputError(f"{where}: the shape is {values.shape}, but input {_name(model, index)} takes {shape}.")
    return np.ascontiguousarray(values.reshape(shape), dtype)


def _read_image(model: Model, index: int, data: bytes, path: Path, normalize: str) -> Array:
    shape, _ = _form(model, index)
    form = image_form(model.main.tensors[index])
    if form is None or shape[0] != 1:
        raise InputError(
            f"{path}: input {_name(model, index)} of shape {shape} takes no image (that would need 1 x height x width "
            "x 1, 3 or 4 channels). Give an .npy file."
        )
    pixels, _ = fit_image(decode_image(data, str(path)), form)
    return image_values(model, index, pixels, form, Preparation(normalize=normalize))
