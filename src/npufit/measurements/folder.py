"""Folders of measurements. A file's name has digests of its model and of its content, so folders merge by copying."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError
from npufit.files import make_folder, read_bounded, write_file
from npufit.formatting import printable
from npufit.graph import Model
from npufit.measurements.digests import model_digest, structure_digest
from npufit.measurements.form import content_digest, measurement_bytes, parse_measurement
from npufit.measurements.measurement import Measurement
from npufit.measurements.places import NAME, NAME_DIGITS, files_in
from npufit.measurements.privacy import anonymous

_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class SavedMeasurement:
    """A measurement and its file; `digest` is the SHA-256 of the content."""

    path: Path
    digest: str
    measurement: Measurement


@dataclass(frozen=True, slots=True)
class ReadMeasurements:
    """The measurements in folders and files, each content once, and why files were refused, with their names."""

    found: tuple[SavedMeasurement, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchedMeasurement:
    """A measurement of a model. `is_same_model` is False if only the structure is the same: it has other weights."""

    saved: SavedMeasurement
    is_same_model: bool


@dataclass(frozen=True, slots=True)
class ModelMeasurements:
    """What was measured of one model, the latest day first, and why files that seem to be of it were refused."""

    found: tuple[MatchedMeasurement, ...] = ()
    refused: tuple[str, ...] = ()


def write_measurement(folder: Path, measurement: Measurement, private: Collection[str] = ()) -> Path:
    """Write `measurement` into `folder`, without what identifies anybody, and return the path of its file.

    `private` are names that must not occur: the board's host name, user, address, serial number. Raises InputError if
    the file cannot be written.
    """
    cleaned = anonymous(measurement, private)
    data = measurement_bytes(cleaned)
    make_folder(folder)
    path = folder / f"{cleaned.model.sha256[:NAME_DIGITS]}-{content_digest(data)[:NAME_DIGITS]}.json"
    write_file(path, data, overwrite=True)
    return path


def read_measurements(*places: Path) -> ReadMeasurements:
    """Return the measurements in `places`: files, and folders with files of measurements, also below them.

    Other files in folders are left alone. Raises InputError for a place that does not exist.
    """
    found: dict[str, SavedMeasurement] = {}
    refused: list[str] = []
    for place in places:
        if not place.exists():
            raise InputError(f"{printable(str(place))}: there is no such file or folder of measurements.")
        files, problem = files_in(place)
        refused += [problem] if problem else []
        for path in files:
            try:
                saved = _read(path, read_bounded(path, _MOST_BYTES))
            except InputError as error:
                refused.append(str(error))
            else:
                found.setdefault(saved.digest, saved)
    return ReadMeasurements(tuple(found.values()), tuple(refused))


def measurements_of(model: Model, file: str | Path | None, places: Sequence[Path]) -> ModelMeasurements:
    """Return the measurements of `model` in `places`, and of models that differ from it in their weights only.

    `file` is what the model was read from, None for a network of the zoo. A place that is not there has none. Files
    that do not name the model are not parsed.
    """
    listed = [files_in(place) for place in places]
    refused = [problem for _, problem in listed if problem]
    sha256, structure = model_digest(model, file), structure_digest(model)
    found: dict[str, MatchedMeasurement] = {}
    for path in (path for paths, _ in listed for path in paths):
        try:
            data = read_bounded(path, _MOST_BYTES)
            if sha256.encode() not in data and structure.encode() not in data:
                continue
            saved = _read(path, data)
        except InputError as error:
            refused.append(str(error))
            continue
        measured = saved.measurement.model
        is_same = sha256 in (measured.sha256, measured.compiled_sha256)
        if is_same or measured.structure == structure:
            found.setdefault(saved.digest, MatchedMeasurement(saved, is_same))
    return ModelMeasurements(tuple(sorted(found.values(), key=_latest_first)), tuple(refused))


def _latest_first(entry: MatchedMeasurement) -> tuple[bool, tuple[int, ...], str]:
    day = entry.saved.measurement.day
    return not entry.is_same_model, tuple(-ord(letter) for letter in day), entry.saved.digest


def _read(path: Path, data: bytes) -> SavedMeasurement:
    """Return the measurement in `data`. Raises InputError if it is none, or not what the file's name says."""
    digest = content_digest(data)
    named = NAME.fullmatch(path.name)
    if named and not digest.startswith(named[1]):
        raise InputError(
            f"{printable(str(path))}: changed after npufit wrote it: its name says {named[1]}, its content is "
            f"{digest[:NAME_DIGITS]}. Take the original."
        )
    try:
        return SavedMeasurement(path, digest, parse_measurement(data))
    except InputError as error:
        raise InputError(f"{printable(str(path))}: {error}") from None
