"""Options of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from npufit.execution import Progress, Values, ignore_progress
from npufit.loading import ModelSource
from npufit.stacks import PlaceOptions


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of a run.

    `inputs` are arrays by tensor index in the type of the file, or files as `[NAME=]FILE` (images, .npy, .npz); without
    them, random values of `seed`. `normalize` says what the pixels of images stand for: `-1..1`, `0..1`, `0..255`, or
    `auto`, which derives it from the quantization. `labels` is a file with one class name per line.

    `compare` compares every tensor with LiteRT's reference kernels and ignores differences up to `tolerance`: steps for
    integers, absolute for floating point. `original` is the source of a model that Vela already compiled.

    With `place.library`, a target of the stack teflon is executed by that library on a virtual device. `kernel` is the
    Linux release, such as `7.3`, whose driver judges its streams, and `capture_to` a new or empty folder for what it
    submits.
    """

    inputs: Values | Sequence[str] = ()
    seed: int = 0
    normalize: str = "auto"
    labels: Path | None = None
    compare: bool = False
    tolerance: float = 0.0
    original: ModelSource | None = None
    repeat: int = 1
    kernel: str | None = None
    capture_to: Path | None = None
    place: PlaceOptions = field(default_factory=PlaceOptions)
    progress: Progress = ignore_progress
