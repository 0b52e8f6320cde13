"""`.tflite` files and bytes to a model, with one clear error for anything that is not a valid model."""

from __future__ import annotations

import stat
import struct
from dataclasses import replace
from pathlib import Path

from npufit.errors import InputError, ModelError
from npufit.graph import Model, Subgraph, infer_shapes, validate
from npufit.tflite.attachments import read_attachments
from npufit.tflite.unpacking import Unpacker

_DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    KeyError,
    MemoryError,
)
"""The exceptions of the flatbuffer accessors on damaged bytes."""

_IDENTIFIER = b"TFL3"


def read_model(path: str | Path) -> Model:
    """Return the model in the file at `path`.

    Raises InputError if there is no readable regular file, ModelError if its content is not a valid model.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path}: this is a directory. Give a .tflite file, or zoo:NAME for a built-in network.")
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: not a regular file. Give a .tflite file.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file. Give a .tflite file, or zoo:NAME for a built-in network (see `npufit zoo`)."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(path)!r}: cannot be read: {reason}. Give a readable .tflite file.") from None
    return parse_model(data, path.name)


def parse_model(data: bytes, name: str) -> Model:
    """Return the model in `data`; `name` is its name in messages. Raises ModelError."""
    if not data:
        raise ModelError(name, "the file is empty", hint="Expected a .tflite flatbuffer")
    if len(data) < 16 or data[4:8] != _IDENTIFIER:
        found = data[4:8].decode("ascii", "backslashreplace")
        raise ModelError(
            name,
            f"this is not a TFLite model: bytes 4 to 8 are {found!r}, but {_IDENTIFIER.decode()!r} is expected",
            hint=_guess(data),
        )
    unpacker = Unpacker(data, name)
    try:
        model = unpacker.model()
    except _DAMAGE as error:
        what = "it is partly outside the file" if isinstance(error, struct.error) else str(error)
        raise ModelError(
            name,
            f"the flatbuffer is damaged or truncated ({len(data)} bytes, while reading {unpacker.reading}: {what})",
            unpacker.place,
            "Compare its size with the original, or write it again",
        ) from None
    validate(model)
    return replace(
        model,
        subgraphs=tuple(_with_shapes(subgraph) for subgraph in model.subgraphs),
        attachments=read_attachments(data),
    )


def _with_shapes(subgraph: Subgraph) -> Subgraph:
    """Return `subgraph` with the shapes that the file omits, marked as inferred, as far as they can be derived."""
    inferred = infer_shapes(subgraph)
    if inferred is subgraph:
        return subgraph
    tensors = tuple(
        found if found is written else replace(found, shape_is_inferred=True)
        for written, found in zip(subgraph.tensors, inferred.tensors, strict=True)
    )
    return replace(inferred, tensors=tensors)


def _guess(data: bytes) -> str:
    if data[:4] == b"PK\x03\x04":
        return "It looks like a zip file: unpack it and give the .tflite inside"
    if data[:1] == b"\x08":
        return "It may be an ONNX or TensorFlow protobuf: convert it to TFLite first"
    if data[:8] == b"\x89HDF\r\n\x1a\n":
        return "It is a Keras HDF5 file: convert it to TFLite first"
    return "Give a file that TFLiteConverter or another tool wrote as .tflite"
