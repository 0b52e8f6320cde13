"""Options of a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from npufit.execution import Values
from npufit.fitting import FitProgress, ignore_progress
from npufit.stacks import PlaceOptions

PROOF_INPUTS = 2


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """Options of a deployment.

    The proof compares `inputs` inferences: the files in `sources` first (as `[NAME=]FILE`: images, .npy, .npz;
    `normalize` as for a run) or arrays by tensor index, then random values from `seed` on. Without `prove` nothing is
    executed on the simulator. With `allow_differences` a bundle that failed its proof can be saved. `delegate` adds
    the delegate for TensorFlow Lite and the compiled file that it takes.
    """

    sources: Values | Sequence[str] = ()
    normalize: str = "auto"
    inputs: int = PROOF_INPUTS
    seed: int = 0
    prove: bool = True
    allow_differences: bool = False
    delegate: bool = False
    place: PlaceOptions = field(default_factory=PlaceOptions)
    progress: FitProgress = ignore_progress
