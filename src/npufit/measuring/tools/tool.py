"""What times a model on a board: a command for one run, and what its output says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from npufit.boards import Command, Connection
from npufit.measurements import OperatorMeasurement


@dataclass(frozen=True, slots=True)
class DelegateUse:
    """A delegate's library on the board, and its options by name."""

    stack: str
    path: str
    options: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One process: the model's path on the board and how to run it.

    Without a `delegate` it runs on the CPU alone. `xnnpack` is stated if the tool can: None leaves it to the tool.
    There are `warmup` inferences before those that count, and more of either until `least_s` (of the warm-up, half a
    second at most) are over; with `least_s` 0 there are exactly `warmup` and `runs`. Neither takes longer than `most_s`
    and the inference that is under way then. `inputs` are raw files on the board, in the order of the model's inputs,
    with their tensor names; `input_shapes` are the shapes of these tensors, needed with `inputs`. `outputs` is a path
    on the board: the tool writes what the model returns there, the plain bytes of all outputs one after another.
    `with_profile` asks for the time of each operator.
    """

    model: str
    threads: int
    delegate: DelegateUse | None = None
    xnnpack: bool | None = None
    warmup: int = 1
    runs: int = 50
    least_s: float = 1.0
    most_s: float = 60.0
    with_profile: bool = False
    inputs: tuple[tuple[str, str], ...] = ()
    input_shapes: tuple[tuple[int, ...], ...] = ()
    outputs: str = ""
    affinity: str = ""


@dataclass(frozen=True, slots=True)
class DelegateFinding:
    """What a run's output says of the delegate: nodes that it took (None: not said), and the line that says it."""

    took: int | None = None
    of: int | None = None
    partitions: int | None = None
    failed: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """What one process printed; fields as in `MeasuredRun`.

    `kernel_calls` counts the messages of a runtime that appear once a call, by what they are ('ethosu cycles', 'teflon
    invoked'), with their values. `xnnpack` is what the output says, None if nothing.
    """

    count: int | None = None
    calls: int | None = None
    mean_ms: float | None = None
    median_ms: float | None = None
    min_ms: float | None = None
    max_ms: float | None = None
    p5_ms: float | None = None
    p95_ms: float | None = None
    std_ms: float | None = None
    initialization_ms: float | None = None
    first_ms: float | None = None
    memory_mb: float | None = None
    xnnpack: bool | None = None
    runtime: str = ""
    runtime_version: str = ""
    delegate: DelegateFinding = field(default_factory=DelegateFinding)
    operators: tuple[OperatorMeasurement, ...] = ()
    kernel_calls: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    lines: tuple[str, ...] = ()
    """Lines worth keeping in the result, already without paths."""


class Tool(Protocol):
    """One way to time a model on the board."""

    @property
    def name(self) -> str:
        """benchmark_model, litert-benchmark, python or bundle."""
        ...

    @property
    def version(self) -> str:
        """The tool's version as far as it is known, otherwise empty."""
        ...

    def prepare(self, connection: Connection) -> Tool:
        """Put what the tool needs onto the board and return the tool that uses it; call it once, before `command`."""
        ...

    def command(self, request: RunRequest) -> Command:
        """Return the program that carries out `request`. Raises InputError if the tool cannot do that."""
        ...

    def read(self, output: bytes, request: RunRequest, *, code: int | None = 0) -> Timing | str:
        """Return what `output` says, or why there is no time in it, in words. The output is untrusted.

        `code` is the program's exit code, as `WatchedRun` has it: None if its time was over.
        """
        ...
