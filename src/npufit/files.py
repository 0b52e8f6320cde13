"""Files that users name: read up to a sensible size, written completely or not at all; and npufit's own folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from npufit.errors import InputError
from npufit.formatting import printable, size


def read_bounded(path: Path, most_bytes: int, advice: str = "", *, what: str = "") -> bytes:
    """Return the bytes of the file at `path`. Raises InputError if it cannot be read or exceeds `most_bytes`.

    `advice` is a sentence added if it is too large; `what` is the content's name in messages: `the log`.
    """
    subject = f"{what} " if what else ""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(str(path))}: {subject}cannot be read: {_reason(error)}.") from None
    if len(data) > most_bytes:
        text = f"{printable(str(path))}: {subject}is larger than {size(most_bytes)}."
        raise InputError(f"{text} {advice}" if advice else text)
    return data


def write_file(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write the file at `path` completely or not at all.

    Raises InputError if it cannot be written, or exists and `overwrite` is not given.
    """
    try:
        replace_file(path, data) if overwrite else _create_file(path, data)
    except FileExistsError:
        raise _exists(path) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(str(path))}: cannot be written: {_reason(error)}.") from None


def replace_file(path: Path, data: bytes) -> None:
    """Write the file at `path`; others see the old content until the new one is complete. Raises OSError."""
    if path.exists() and not path.is_file():  # a device or a pipe
        path.write_bytes(data)
        return
    final = path.resolve()
    beside = final.with_name(f".{os.urandom(4).hex()}-{final.name}")
    _create_file(beside, data)
    try:
        beside.replace(final)
    except BaseException:
        _remove(beside)
        raise


def make_folder(path: Path) -> None:
    """Create the folder at `path` if it does not exist. Raises InputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{printable(str(path))}: the folder cannot be created: {_reason(error)}.") from None


def require_output_file(path: Path, *, overwrite: bool = False) -> None:
    """Raise InputError, before any work, if a file at `path` could not be written or would replace another."""
    if path.is_dir():
        raise InputError(f"{path}: this is a folder. Give the name of a file.")
    if path.exists() and not overwrite:
        raise _exists(path)
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist. Create it, or give another name.")


def require_output_folder(path: Path, *, overwrite: bool = False) -> None:
    """Raise InputError, before any work, if `path` is not a folder, or has files and `overwrite` is not given."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: this is not a folder, and there are several files to write.")
    if path.is_dir() and any(path.iterdir()) and not overwrite:
        raise InputError(f"{path}: the folder is not empty. Add --force to write into it, or give another name.")


def require_not_source(path: Path, source: str | Path) -> None:
    """Raise InputError if the output `path` is the input model."""
    if is_same_file(path, Path(source)):
        raise InputError(f"{path}: this is the MODEL itself, which is never replaced. Give another name.")


def cache_folder(name: str) -> Path:
    """Return npufit's folder called `name`: below NPUFIT_CACHE_DIR, else in the user's cache. It need not exist."""
    own = os.environ.get("NPUFIT_CACHE_DIR")
    if own:
        return Path(own) / name
    base = os.environ.get("XDG_CACHE_HOME")
    # The specification of XDG says that relative paths are to be ignored.
    root = Path(base) if base and Path(base).is_absolute() else Path("~/.cache").expanduser()
    return root / "npufit" / name


def is_same_file(first: Path, second: Path) -> bool:
    """Return whether two paths name the same file, which need not exist."""
    try:
        return first.resolve() == second.resolve() or first.samefile(second)
    except OSError:
        return False


def _create_file(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        try:
            file.write(data)
            file.flush()
        except BaseException:
            _remove(path)
            raise


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _exists(path: Path) -> InputError:
    return InputError(f"{path}: the file exists. Add --force to replace it, or give another name.")


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)
