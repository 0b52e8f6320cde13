"""Whether a target computes wrong outputs for a model, in the way in which it does for the original."""

from __future__ import annotations

from dataclasses import replace

from npufit.errors import NpufitError
from npufit.formatting import plural, shorten
from npufit.graph import Model
from npufit.probing.asking import Subject
from npufit.probing.shrinking.result import ShrinkOptions


class WrongOutputs:
    """Runs models on the target and compares their outputs with those of the reference kernels.

    "Wrong" says little about the cause, so a smaller model could be wrong for another reason than the original. A model
    with a known hazard that the original does not have is therefore no candidate.
    """

    def __init__(self, subject: Subject, options: ShrinkOptions, original: Model) -> None:
        """Compare what `subject` computes; nothing can be compared unless it is the name of a target."""
        self._name = subject if isinstance(subject, str) else None
        self._options = options
        self._original = original
        self._known: frozenset[str] | None = None

    def can_run(self) -> bool:
        """Return whether the subject is a target that can be executed here."""
        from npufit.stacks import compiling_stack, resolve_target

        place = self._options.probe.place
        if self._name is None:
            return False
        target = resolve_target(self._name, place.vela, place.library)
        return place.library is not None or compiling_stack(target) is not None

    def of(self, model: Model) -> str:
        """Return how outputs differ by more than the tolerance, empty if they do not or cannot be compared."""
        try:
            if self._known is None:
                self._known = self._hazards(self._original)
            return "" if self._hazards(model) - self._known else self._difference(model)
        except NpufitError:
            return ""

    def _difference(self, model: Model) -> str:
        from npufit.running import RunOptions, run

        assert self._name is not None
        probe = self._options.probe
        choices = RunOptions(compare=True, tolerance=self._options.tolerance, seed=probe.seed, place=probe.place)
        comparison = run(model, self._name, choices).comparison
        outputs = [] if comparison is None else [it for it in comparison.tensors if it.tensor in model.main.outputs]
        worst = max((it for it in outputs if not it.is_equal), key=lambda it: it.largest, default=None)
        if worst is None:
            return ""
        name, count = shorten(model.main.tensors[worst.tensor].name), plural(worst.beyond, "value")
        return f"output '{name}': {count} of {worst.count} differ, by up to {worst.largest:g}"

    def _hazards(self, model: Model) -> frozenset[str]:
        """Return the ids of the hazards that the stack's own rules or compiler know of."""
        from npufit.stacks import place, resolve_target

        assert self._name is not None
        options = self._options.probe.place
        target = resolve_target(self._name, options.vela, options.library)
        placement = place(model, target, replace(options, library=None, explore=False))
        return frozenset(hazard.rule.id for hazard in placement.hazards)
