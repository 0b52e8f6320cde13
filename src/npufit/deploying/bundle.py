"""A bundle in memory: its manifest, and the content of its files by path."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from npufit.deploying.manifest import FileEntry, Manifest


@dataclass(frozen=True, slots=True)
class Bundle:
    """What runs on a board: the manifest and the files that it names, except itself. `accelerator` is Vela's name."""

    manifest: Manifest
    files: Mapping[str, bytes]
    accelerator: str

    def with_files(self, added: Mapping[str, bytes]) -> Bundle:
        """Return this bundle with more files, all of them listed in its manifest."""
        files = {**self.files, **added}
        return replace(self, files=files, manifest=replace(self.manifest, files=tuple(_listed(files.items()))))


def _listed(files: Iterable[tuple[str, bytes]]) -> Iterable[FileEntry]:
    return (FileEntry(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in sorted(files))
