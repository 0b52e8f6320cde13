"""Options of a fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from npufit.fitting.progress import FitProgress, ignore_progress
from npufit.fitting.proof import ProofInput
from npufit.rewrite import Pass
from npufit.stacks import PlaceOptions


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Options of a fit.

    `passes` are applied wherever they can be, in order, whether they help or not; if None, a search chooses among all.
    `skip` has names of passes. `samples` replace the random inputs; `inputs` is the number of random inputs.

    The proof runs `inputs` sets of random values (8 by default) from `seed` on, or `samples`: a folder of images, .npy
    or .npz files, of which at most `inputs` are read, or the inputs themselves.
    """

    passes: tuple[Pass | str, ...] | None = None
    skip: tuple[str, ...] = ()
    allow_approximate: bool = False
    prove: bool = True
    inputs: int | None = None
    seed: int = 0
    samples: Path | tuple[ProofInput, ...] = ()
    place: PlaceOptions = field(default_factory=PlaceOptions)
    progress: FitProgress = ignore_progress
