"""The part of a model that the reference kernels can execute: all but the operators that they lack, refuse or crash on.

Nobody can list these beforehand: custom operators, versions that are too new, forms that a kernel rejects, kernels that
crash. So the model is tried, and LiteRT's answer decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from npufit.errors import InputError, NpufitError
from npufit.execution.cutting_out import cut_segment
from npufit.execution.reference import Reference, variables_of
from npufit.execution.unsafe import unsafe_operators
from npufit.execution.values import Array, Values
from npufit.formatting import shorten
from npufit.graph import NO_TENSOR, Model, wire
from npufit.litert import TIME_LIMIT_S, Failure, LitertFailureError, LitertRefusalError

Feed = Callable[[int], Array | None]
"""Gives the values of a tensor whose operator cannot be executed, None if it has none."""

NO_KERNEL = "LiteRT has no kernel for it"

_MOST_ATTEMPTS = 64
_MOST_CRASHES = 4
_MOST_NAMED = 4
_MOST_INDICES = 8
_NO_CUSTOM_KERNEL = re.compile(r"unresolved custom op|Regular TensorFlow ops are not supported", re.IGNORECASE)
_NO_BUILTIN_KERNEL = re.compile(r"Didn't find op for builtin opcode '(\w+)' version '(\d{1,9})'")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An operator of the main subgraph that was not executed, and why.

    `is_cause` marks the operators that cannot be executed; the others only lack the outputs of these.
    """

    operator: int
    name: str
    why: str
    is_cause: bool


class Partial:
    """A model in the reference kernels, without the operators that these cannot execute."""

    def __init__(self, model: Model, feed: Feed, time_limit_s: float = TIME_LIMIT_S) -> None:
        """Load what can be loaded; `feed` provides the missing inputs of later operators.

        Raises LitertRefusalError or LitertFailureError if LiteRT refuses or fails and no single operator is at fault.
        """
        self._model, self._feed, self._time_limit_s = model, feed, time_limit_s
        self._producer = wire(model.main).producer
        self._causes: dict[int, str] = unsafe_operators(model.main)
        self._lacking: dict[int, str] = {}
        self._fed: dict[int, Array] = {}
        self._chosen: list[int] = []
        self._attempts = self._crashes = 0
        self.model = model
        self.first_refusal: NpufitError | None = None
        self._reference = self._load()

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The operators that are not executed, in order."""
        why = self._causes | self._lacking
        operators = self._model.main.operators
        return tuple(LeftOut(index, operators[index].name, why[index], index in self._causes) for index in sorted(why))

    @property
    def fed(self) -> Mapping[int, Array]:
        """The values that replace outputs of operators that are left out."""
        return self._fed

    @property
    def refusal(self) -> NpufitError | None:
        """Why nothing at all can be executed; None if something can."""
        if self._chosen:
            return None
        return self.first_refusal or InputError(f"{self._model.name}: {describe(self.left_out)}.")

    def run(
        self, inputs: Values, wanted: Iterable[int] | None = None, *, refusals_too: bool = False
    ) -> dict[int, Array]:
        """Return every tensor that is computed, or only those in `wanted`; see `Reference.run`.

        An operator that crashes LiteRT is left out from then on, and with `refusals_too` also one that refuses its
        values. Otherwise these raise LitertRefusalError.
        """
        while self._reference is not None:
            given = (*self.model.main.inputs, *variables_of(self.model))
            own = {index: inputs[index] for index in given if index in inputs}
            try:
                return self._reference.run({**own, **self._entering_feed()}, wanted)
            except LitertRefusalError as refusal:
                if not refusals_too or not self._blame(refusal):
                    raise
            except LitertFailureError as failure:
                if failure.kind is not Failure.CRASH or not self._blame_crash(failure, inputs):
                    raise
            self._reference = self._load()
        return {}

    def _entering_feed(self) -> dict[int, Array]:
        return {index: self._fed[index] for index in self.model.main.inputs if index in self._fed}

    def _load(self) -> Reference | None:
        while True:
            self._choose()
            if not self._chosen:
                return None
            try:
                return Reference(self.model, self._time_limit_s)
            except LitertRefusalError as refusal:
                if not self._blame(refusal):
                    raise
            except LitertFailureError as failure:
                if failure.kind is not Failure.CRASH or not self._blame_crash(failure, None):
                    raise

    def _choose(self) -> None:
        """Choose the operators whose inputs exist, and cut them out."""
        operators = self._model.main.operators
        self._lacking, self._fed = {}, {}
        for index, operator in enumerate(operators):
            if index in self._causes:
                self._offer(index)
                continue
            for tensor in operator.inputs:
                writer = None if tensor == NO_TENSOR else self._producer[tensor]
                if writer is not None and writer in self._causes | self._lacking and tensor not in self._fed:
                    self._lacking[index] = f"it reads the output of operator {writer} ({operators[writer].name})"
                    self._offer(index)
                    break
        self._chosen = [index for index in range(len(operators)) if index not in self._causes | self._lacking]
        if self._chosen:
            self.model = self._model if len(self._chosen) == len(operators) else cut_segment(self._model, self._chosen)

    def _offer(self, operator: int) -> None:
        for tensor in self._model.main.operators[operator].outputs:
            values = None if tensor == NO_TENSOR else self._feed(tensor)
            if values is not None:
                self._fed[tensor] = values

    def _blame(self, refusal: LitertRefusalError) -> bool:
        """Leave out the operators that `refusal` names; False if it names none or there were too many."""
        self.first_refusal = self.first_refusal or refusal
        self._attempts += 1
        found = self._refused(refusal)
        self._causes |= found
        return bool(found) and self._attempts < _MOST_ATTEMPTS

    def _refused(self, refusal: LitertRefusalError) -> dict[int, str]:
        operators = self._model.main.operators
        unknown = _NO_BUILTIN_KERNEL.search(refusal.said)
        if unknown:
            kind, version = unknown[1], int(unknown[2])
            return {
                index: NO_KERNEL
                for index in self._chosen
                if (operators[index].type, operators[index].version) == (kind, version)
            }
        if refusal.operator is None or refusal.operator >= len(self._chosen):
            return {}
        index = self._chosen[refusal.operator]
        if _NO_CUSTOM_KERNEL.search(refusal.said):
            code = operators[index].custom_code
            return {other: NO_KERNEL for other in self._chosen if operators[other].custom_code == code}
        return {index: f"LiteRT refuses it: {refusal.said}"}

    def _blame_crash(self, failure: LitertFailureError, inputs: Values | None) -> bool:
        """Leave out the operator that crashes LiteRT: the last one of the shortest run of operators that crashes it."""
        self.first_refusal = self.first_refusal or failure
        self._crashes += 1
        if self._crashes > _MOST_CRASHES:
            return False
        low, high = 0, len(self._chosen)  # so many survive, so many do not
        while high - low > 1:
            middle = (low + high) // 2
            if self._survives(self._chosen[:middle], inputs):
                low = middle
            else:
                high = middle
        if high == len(self._chosen) and self._survives(self._chosen, inputs):
            return False  # it does not happen again
        self._causes[self._chosen[high - 1]] = f"LiteRT {failure.how} on it"
        return True

    def _survives(self, operators: Sequence[int], inputs: Values | None) -> bool:
        part = cut_segment(self._model, operators)
        try:
            reference = Reference(part, self._time_limit_s)
            if inputs is not None:
                given = {**inputs, **self._fed}
                reference.run({index: given[index] for index in part.main.inputs}, ())
        except LitertRefusalError:
            return True
        except LitertFailureError:
            return False
        return True


def describe(left_out: Sequence[LeftOut]) -> str:
    """Return in words what was not executed, only the causes; empty if everything was."""
    groups: dict[tuple[str, str], list[int]] = {}
    for entry in left_out:
        if entry.is_cause:
            groups.setdefault((entry.name, entry.why), []).append(entry.operator)
    parts = [
        f"{'operator' if len(found) == 1 else 'operators'} {_some(found)} ({shorten(name, 40)}): {why}"
        for (name, why), found in groups.items()
    ]
    more = f"; and {len(parts) - _MOST_NAMED} more" if len(parts) > _MOST_NAMED else ""
    return "; ".join(parts[:_MOST_NAMED]) + more


def _some(operators: Sequence[int]) -> str:
    named = ", ".join(str(index) for index in operators[:_MOST_INDICES])
    return f"{named} and {len(operators) - _MOST_INDICES} more" if len(operators) > _MOST_INDICES else named
