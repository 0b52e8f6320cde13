"""Reading files that users name: whole, and only up to a size that such a file can sensibly have."""

from __future__ import annotations

from pathlib import Path

from npufit.errors import InputError
from npufit.formatting import printable, size


def read_bounded(path: Path, most_bytes: int, advice: str = "") -> bytes:
    """Return the bytes of the file at `path`. Raises InputError where it cannot be read or is larger than `most_bytes`.

    `advice` is a sentence that follows when it is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{printable(str(path))}: cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from None
    if len(data) > most_bytes:
        text = f"{printable(str(path))}: is larger than {size(most_bytes)}."
        raise InputError(f"{text} {advice}" if advice else text)
    return data
