"""What a library answers on a random input, compared with the reference kernels."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from npufit.differing.outcome import AnsweredOutput
from npufit.errors import NpufitError
from npufit.execution import GOLDEN, Reference, Values, compare, random_inputs
from npufit.graph import Model
from npufit.stacks import Placement
from npufit.tflite import serialize_model
from npufit.vdevice import (
    DeviceOptions,
    IgnoringObserver,
    Library,
    LibraryCrashError,
    LibraryRefusalError,
    LibrarySession,
    Refusal,
    SessionOptions,
    virtual_device,
)

if TYPE_CHECKING:
    from npufit.ethosu import KernelVersion

_EXECUTING = ("ethosu",)
"""Drivers whose virtual device executes streams."""


class Asked(Protocol):
    """What to ask; fields as in `DifferentialOptions`."""

    @property
    def library(self) -> Library: ...
    @property
    def answers(self) -> bool: ...
    @property
    def seed(self) -> int: ...
    @property
    def kernel(self) -> str | None: ...
    @property
    def time_limit_s(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """The outputs, or why there are none: `not_run`, or how the inference `ended`.

    `is_impossible` says that the library submitted what the virtual NPU cannot execute; what a real one does with it is
    unknown.
    """

    outputs: tuple[AnsweredOutput, ...] | None = None
    not_run: str = ""
    ended: str = ""
    is_impossible: bool = False
    kernel_refusals: tuple[str, ...] = ()


class _Refusals(IgnoringObserver):
    """Collects the calls that the chosen kernel refuses."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def refused(self, refusal: Refusal) -> None:
        """Note a refused call."""
        self.found.setdefault(f"{refusal.call}: {refusal.errno}, {refusal.why}")


def answer_model(model: Model, real: Placement, asked: Asked) -> Answer:
    """Return what the library answers on one random input. `real` is how it placed the model."""
    if not asked.answers:
        return Answer(not_run="placed only")
    if real.library is not None and real.library.ended:
        return Answer(not_run="the library ended before")
    observer = _Refusals()
    device = virtual_device(real.target.chip, observer, DeviceOptions(_kernel(asked.kernel), sanitize=False))
    if device.driver not in _EXECUTING:
        return Answer(not_run=f"the virtual {device.driver} executes nothing")
    if not real.partitions:
        return Answer(not_run="nothing is on the NPU")
    try:
        inputs = random_inputs(model, asked.seed)
        expected = Reference(model, asked.time_limit_s).run(inputs, model.main.outputs)
    except NpufitError as error:
        return Answer(not_run=f"no reference: {error}")
    options = SessionOptions(asked.time_limit_s)
    with LibrarySession(asked.library, device, serialize_model(model), options, name=model.name) as session:
        try:
            session.load()
            found = session.infer(inputs, model.main.outputs)
        except LibraryCrashError as error:
            after = "".join(f", after {refusal}" for refusal in list(observer.found)[:1])
            return Answer(ended=f"{error.how} {error.step.words}{after}", kernel_refusals=tuple(observer.found))
        except LibraryRefusalError as error:
            ended = f'returned an error {error.step.words} ("{error.said}")'
            return Answer(ended=ended, kernel_refusals=tuple(observer.found))
        except NpufitError as error:
            return Answer(ended=f"submitted a stream that no simulator executes: {error}", is_impossible=True)
    return Answer(_compared(model, expected, found), kernel_refusals=tuple(observer.found))


def _kernel(release: str | None) -> KernelVersion | None:
    if release is None:
        return None
    from npufit.ethosu import parse_kernel

    return parse_kernel(release)


def _compared(model: Model, expected: Values, found: Values) -> tuple[AnsweredOutput, ...]:
    tensors = {entry.tensor: entry for entry in compare(model, found, expected, GOLDEN).tensors}
    return tuple(
        AnsweredOutput(
            model.main.tensors[index].name,
            tensors[index].differing,
            tensors[index].count,
            min(tensors[index].largest, sys.float_info.max),  # JSON knows no infinity
        )
        for index in dict.fromkeys(model.main.outputs)
        if index in tensors
    )
