"""The hazard that no rule predicts: what a real library did."""

from __future__ import annotations

from npufit.stacks.hazard import hazard_rule
from npufit.stacks.rule import Effect, Evidence, Remedy, RemedyKind

LIBRARY_CRASH = hazard_rule(
    "teflon.library-crash",
    "The given libteflon crashes, hangs or fails when it loads the model.",
    "a model that the library loads",
    "The library was run with this model on a virtual NPU (--library): its process died, did not finish, or returned "
    "an error. No rule of npufit predicts it.",
    "A RESHAPE whose shape is computed: the frontend of every release dereferences the missing constant.",
    versions="the given build",
    source="derived from an execution of the given library on a virtual device",
    remedies=(
        Remedy(RemedyKind.VERSION, "another release of Mesa may not have this fault: check with its library"),
        Remedy(RemedyKind.EXPERIMENT, "npufit cut MODEL before the operator: the parts show which one it needs"),
    ),
    evidence=Evidence.EXECUTED,
    effects=(Effect.CRASH, Effect.FAILS),
)
