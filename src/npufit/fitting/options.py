"""What a user may set for a fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from npufit.fitting.progress import FitProgress, ignore_progress
from npufit.fitting.proof import ProofInput
from npufit.rewrite import Pass
from npufit.stacks import PlaceOptions


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What a user may set for a fit.

    `passes` are applied wherever they can be, in their order, better or not; each is a pass, or written as on the
    command line: `fold-pad:growth=1`. Where None, a search chooses among all. `skip` has names of passes to leave out.

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
