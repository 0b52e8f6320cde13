"""Writing a bundle: its files first, the manifest last, so that a folder with a manifest is a whole bundle."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from npufit.deploying.bundle import Bundle
from npufit.deploying.manifest import MANIFEST, manifest_text
from npufit.errors import InputError
from npufit.files import make_folder, require_output_folder, write_file
from npufit.formatting import printable

_NUMBERED = ("streams/*.bin", "cpu/*.tflite", "state/*.bin", "values/*.bin", "verify/*/*.bin")
"""Files whose number depends on the model: those of an older bundle in the same folder must not stay."""


def require_bundle_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise InputError, before any work, if no bundle can be written into `folder`.

    With `overwrite` it may have files if it has a bundle's manifest.
    """
    require_output_folder(folder, overwrite=overwrite)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise InputError(
            f"{printable(str(folder))}: the folder has files, but no {MANIFEST}, so it is no bundle. Give a new folder."
        )
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_symlink():
            raise InputError(f"{printable(str(path))}: this is a link. Give a new or an empty folder.")


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
