"""The right class of each image: from a CSV file or from the names of folders."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError
from npufit.evaluating.image_files import ImageFile
from npufit.files import read_bounded
from npufit.formatting import plural, shorten

FOLDERS = "folders"
"""What users write for labels that are the names of the images' folders."""

_LARGEST_BYTES = 256 << 20
_HEADERS = frozenset({"file", "filename", "file_name", "image", "name", "path"})


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a model: how many, their names if known, and what is added to an index in a file of labels.

    `offset` is 1 for a model whose class 0 is a background that the labels do not count; None if nobody said.
    """

    count: int
    names: tuple[str, ...] = ()
    offset: int | None = None

    def find(self, text: str, where: str) -> int:
        """Return the class that `text`, an index or a name, stands for. Raises InputError."""
        text = text.strip()
        if text.isdecimal() and len(text) < 10:
            index = int(text) + self._known_offset(where)
            if index < self.count:
                return index
            raise InputError(f"{where}: class {index} does not exist: the model has {self.count} classes.")
        by_name = self._by_name().get(text.casefold())
        if by_name is None:
            known = f"such as '{shorten(self.names[-1])}'" if self.names else "none is known: give --class-names"
            raise InputError(f"{where}: '{shorten(text)}' is neither an index nor the name of a class ({known}).")
        return by_name

    def _known_offset(self, where: str) -> int:
        if self.offset is None:
            raise InputError(
                f"{where}: the model has {self.count} classes, so class 0 may be a background that the labels do not "
                "count. Say which: --label-offset 1 if they count from the first real class, otherwise "
                "--label-offset 0."
            )
        return self.offset

    def _by_name(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for index, name in enumerate(self.names):
            for form in (name, *name.split(",")[:1]):  # ImageNet's names are lists of synonyms
                found.setdefault(form.strip().casefold(), index)
        return found


@dataclass(frozen=True, slots=True)
class ClassLabels:
    """The right class by the name of the image, and a sentence on how the labels were read."""

    by_image: Mapping[str, int]
    how: str


def read_class_labels(source: str | Path, images: Sequence[ImageFile], classes: Classes) -> ClassLabels:
    """Return the labels of `images`: a CSV file of `file,label` rows, or `folders` for the names of their folders.

    Raises InputError if there are none, or if one is no class of the model.
    """
    if source == FOLDERS:
        return _from_folders(images, classes)
    return _from_csv(Path(source), images, classes)


def _from_csv(path: Path, images: Sequence[ImageFile], classes: Classes) -> ClassLabels:
    text = read_bounded(path, _LARGEST_BYTES, what="the labels").decode("utf-8-sig", "replace")
    known = _by_any_name(images)
    found: dict[str, int] = {}
    strangers = 0
    for number, row in _rows(path, text):
        image = known.get(row[0].strip()) or known.get(Path(row[0].strip()).name)
        if image is None:
            strangers += not (number == 1 and row[0].strip().casefold() in _HEADERS)
        else:
            found[image] = classes.find(row[1], f"{path}, line {number}")
    if not found:
        raise InputError(f"{path}: no line names one of the images. Expected lines such as {images[0].name},3.")
    missing = ""
    if strangers:
        missing = f"; {plural(strangers, 'line')} of it {'names' if strangers == 1 else 'name'} no image"
    return ClassLabels(found, f"labels from {path.name}{_with_offset(classes)}{missing}")


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text)), start=1):
            if len(row) >= 2:
                yield number, row
            elif row:
                raise InputError(f"{path}, line {number}: expected file,label.")
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV file: {error}.") from None


def _by_any_name(images: Iterable[ImageFile]) -> dict[str, str]:
    """Return each image's name by itself, and by its last part where only one image has that."""
    short: dict[str, list[str]] = {}
    full: dict[str, str] = {}
    for image in images:
        short.setdefault(image.path.name, []).append(image.name)
        full[image.name] = image.name
    return {name: found[0] for name, found in short.items() if len(found) == 1} | full


def _from_folders(images: Sequence[ImageFile], classes: Classes) -> ClassLabels:
    of_image = {image.name: image.name.partition("/")[0] for image in images if "/" in image.name}
    folders = sorted(set(of_image.values()))
    if not folders:
        raise InputError("--labels folders: the images are not in subfolders. Expected one folder for each class.")
    try:
        found = {folder: classes.find(folder, f"folder {folder}") for folder in folders}
        how = f"labels from the names of {plural(len(folders), 'folder')}{_with_offset(classes)}"
    except InputError:
        offset = classes.offset or 0
        if len(folders) != classes.count - offset:
            raise
        found = {folder: index + offset for index, folder in enumerate(folders)}
        how = f"labels from {plural(len(folders), 'folder')}, which are the classes in alphabetical order"
    return ClassLabels({name: found[folder] for name, folder in of_image.items()}, how)


def _with_offset(classes: Classes) -> str:
    return f", {classes.offset} added to each index for the background class" if classes.offset else ""
