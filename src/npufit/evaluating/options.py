"""Options of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from npufit.evaluating.progress import EvaluateProgress, ignore_progress
from npufit.evaluating.reading import Task
from npufit.execution import Fitting
from npufit.loading import ModelSource
from npufit.stacks import PlaceOptions


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """Options of an evaluation.

    `images` is a folder with images, also in subfolders; at most `limit` of them are used, taken evenly by name.
    `labels` is a CSV file of `file,label`, the word `folders` for the names of subfolders, or a COCO file for
    detectors. `class_names` is a file with one name per line; `label_offset` is added to indices of labels, 1 if they
    do not count a background class.

    `fitted` is the model that takes the place of the model on the target: what `npufit fit` or Vela wrote. `original`
    is the floating-point model. `capture` is a folder with what Mesa's driver submitted.

    `task` is how outputs are read, by default what their shapes say. `resize` is how images fill the input, by default
    letterbox for YOLO and stretch otherwise; `normalize` gives the real values of black and white; `mean` and `std` in
    pixel values replace it. Boxes below `least_score` do not count when answers are compared.

    `executor` is `local`, `local:WORKERS` or `dask://HOST:PORT`, `jobs` the number of local workers, by default one per
    core. With `keep`, answers are kept and found again. `require` has gates, such as `top1-agreement>=99%`.
    """

    images: Path | None = None
    labels: Path | str | None = None
    class_names: Path | None = None
    label_offset: int | None = None
    fitted: ModelSource | None = None
    original: ModelSource | None = None
    capture: Path | None = None
    task: Task | str | None = None
    resize: Fitting | str | None = None
    normalize: str = "auto"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    least_score: float = 0.3
    limit: int | None = None
    require: tuple[str, ...] = ()
    executor: str | None = None
    jobs: int | None = None
    keep: bool = True
    place: PlaceOptions = field(default_factory=PlaceOptions)
    progress: EvaluateProgress = ignore_progress
