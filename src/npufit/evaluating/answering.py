"""The answers for images: computed by workers, or found in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from npufit.errors import InputError, ToolError
from npufit.evaluating.image_files import ImageFile
from npufit.evaluating.options import EvaluateOptions
from npufit.evaluating.progress import EvaluateStage
from npufit.evaluating.records import ImageRecord, Unreadable, from_text
from npufit.evaluating.result import FailedImage
from npufit.evaluating.sides import Contest
from npufit.evaluating.worker import Setup, evaluate_image
from npufit.execution import Preparation
from npufit.jobs import Blob, Job, Session, Store, key_of, open_executor

_STORE = "evaluate"
_AHEAD_BYTES = 64 << 20
_AHEAD_IMAGES = 512
"""How much is read before workers ask for it."""
_HOPELESS = 8
"""So many failures without one answer end an evaluation."""
_LOADS = 6
"""The first image of a worker loads and runs up to three models."""
_KEPT_ON = ("ai-edge-litert", "numpy", "pillow")
"""Packages whose versions decide over the answers."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back, by image in the order of names."""

    records: tuple[tuple[ImageFile, ImageRecord], ...]
    unreadable: tuple[FailedImage, ...]
    failed: tuple[FailedImage, ...]
    kept: int
    notes: tuple[str, ...]


def answer_images(
    images: Sequence[ImageFile], contest: Contest, preparation: Preparation, options: EvaluateOptions
) -> Answers:
    """Return the answers for `images`, computed by workers or found in the store."""
    setup = Setup(_key(contest, preparation), contest.setups, preparation, options.place.time_limit_s)
    records: dict[ImageFile, ImageRecord] = {}
    unreadable: dict[ImageFile, str] = {}
    failed: dict[ImageFile, str] = {}
    notes: list[str] = []
    limit_s = _LOADS * options.place.time_limit_s
    kept = done = 0
    waiting = iter(images)
    by_key: dict[str, list[ImageFile]] = {}
    ahead: dict[str, int] = {}
    options.progress(EvaluateStage.IMAGES, 0, len(images))
    executor = open_executor(options.executor, options.jobs)
    store = Store.open(_STORE, notes.append) if options.keep else None
    with Session(executor, store) as session:

        def submit() -> None:
            """Read images until enough is ahead."""
            while len(ahead) < _AHEAD_IMAGES and sum(ahead.values()) < _AHEAD_BYTES:
                image = next(waiting, None)
                if image is None:
                    return
                try:
                    data = image.read()
                except InputError as error:
                    unreadable[image] = str(error)
                    continue
                key = key_of(setup.key, Blob(data).digest)
                by_key.setdefault(key, []).append(image)
                ahead[key] = len(data)
                arguments = (setup, image.name, data)
                session.submit(Job(key, evaluate_image, arguments, setup.key, limit_s))

        submit()
        for finished in session:
            image = by_key[finished.job.key].pop(0)
            ahead.pop(finished.job.key, None)
            kept += finished.kept
            if finished.value is None:
                failed[image] = finished.failure.message if finished.failure else ""
            else:
                record = from_text(finished.value)
                if isinstance(record, Unreadable):
                    unreadable[image] = record.why
                else:
                    records[image] = record
            done = len(records) + len(unreadable) + len(failed)
            options.progress(EvaluateStage.IMAGES, done, len(images))
            if not records and len(failed) >= min(_HOPELESS, len(images)):
                raise ToolError(f"none of {len(failed)} images could be evaluated: {next(iter(failed.values()))}")
            submit()
    if not records:
        why = next(iter([*unreadable.values(), *failed.values()]), "")
        raise InputError(f"none of {len(images)} images could be evaluated. The first: {why}")
    return Answers(
        tuple((image, records[image]) for image in images if image in records),
        tuple(FailedImage(image.name, unreadable[image]) for image in images if image in unreadable),
        tuple(FailedImage(image.name, failed[image]) for image in images if image in failed),
        kept,
        tuple(notes),
    )


def _key(contest: Contest, preparation: Preparation) -> str:
    """Return the name of everything but the image that an answer depends on."""
    sides = [
        [
            str(side),
            setup.model.digest,
            setup.image,
            repr(setup.reading),
            setup.place,
            setup.compiled.digest if setup.compiled else None,
            setup.capture.digest if setup.capture else None,
            (setup.library.sha256, setup.library.python) if setup.library else None,
        ]
        for side, setup in contest.setups.items()
    ]
    return key_of("evaluate", sides, repr(preparation), [version(package) for package in _KEPT_ON])
