"""The outputs of a run as an `.npz` file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from npufit.execution.values import Array
from npufit.files import write_file
from npufit.graph import Model


def write_outputs(path: Path, model: Model, outputs: Mapping[int, Array]) -> None:
    """Write one array per output, named after the tensor, or by its index if names are missing or repeated.

    Raises InputError if the file cannot be written.
    """
    names = [model.main.tensors[index].name for index in outputs]
    by_name = all(names) and len(set(names)) == len(names)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for (index, values), name in zip(outputs.items(), names, strict=True):
            file = io.BytesIO()
            np.save(file, values)
            key = name if by_name else str(index)
            archive.writestr(f"{key.encode('utf-8', 'backslashreplace').decode()}.npy", file.getvalue())
    write_file(path, packed.getvalue(), overwrite=True)
