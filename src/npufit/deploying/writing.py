"""Writing a bundle: its files first, the manifest last, so that a folder with a manifest is a whole bundle."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from npufit.deploying.bundle import Bundle
from npufit.deploying.manifest import MANIFEST, manifest_text
from npufit.errors import InputError
from npufit.files import make_folder, read_bounded, require_output_folder, write_file
from npufit.formatting import printable

_NUMBERED = ("streams/*.bin", "cpu/*.tflite", "state/*.bin", "values/*.bin", "verify/*/*.bin")
"""Files whose number depends on the model: those of an older bundle in the same folder must not stay."""

_LARGEST_MANIFEST = 64 << 20
_VERSION = "npufit_direct"
"""The key by which a manifest is known: other commands write a file of that name, too."""


def require_bundle_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise InputError, before any work, if no bundle can be written into `folder`.

    With `overwrite` it may have files if they are a bundle.
    """
    try:
        entries = list(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise InputError(f"{printable(str(folder))}: the folder cannot be read: {error.strerror}.") from None
    if entries and not _is_bundle(folder):
        raise InputError(f"{printable(str(folder))}: the folder has files, and they are no bundle. Give a new folder.")
    require_output_folder(folder, overwrite=overwrite)
    for path in entries:
        if path.is_symlink():
            raise InputError(f"{printable(str(path))}: this is a link. Give a new or an empty folder.")


def _is_bundle(folder: Path) -> bool:
    try:
        manifest = json.loads(read_bounded(folder / MANIFEST, _LARGEST_MANIFEST))
    except (InputError, ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and _VERSION in manifest


def write_bundle(bundle: Bundle, folder: Path, *, overwrite: bool) -> None:
    """Write `bundle` into `folder`. Raises InputError if that fails, or would replace something else than a bundle."""
    require_bundle_folder(folder, overwrite=overwrite)
    make_folder(folder)
    manifest = folder / MANIFEST
    with suppress(OSError):
        manifest.unlink(missing_ok=True)
        for pattern in _NUMBERED:
            for path in folder.glob(pattern):
                path.unlink()
    for path, data in bundle.files.items():
        make_folder((folder / path).parent)
        write_file(folder / path, data, overwrite=overwrite)
    write_file(manifest, manifest_text(bundle.manifest).encode(), overwrite=overwrite)
