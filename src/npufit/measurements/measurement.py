"""One measurement: a model on a target with its settings, and everything needed to believe it.

It is what a file in a folder of measurements holds. Only what stands here is ever written: no host name, user, address,
serial number or path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

PC_ARCHITECTURES = ("x86_64", "amd64", "i386", "i486", "i586", "i686")
"""Names of Linux and others for what no chip of npufit is."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """The base of every JSON object of the file: as pydantic reads it, and its schema describes it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "strict": True,
        "allow_inf_nan": False,
        "use_attribute_docstrings": True,
    }


class ProofVerdict(StrEnum):
    """Whether the NPU ran: shown by its own counter, likely, shown not to have run, or nobody can say."""

    PROVEN = "proven"
    CONSISTENT = "consistent"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What a run was for."""

    CPU = "cpu"
    """The model on the CPU alone."""
    KNOWN = "known"
    """A network that the NPU is known to take, with the delegate."""
    NPU = "npu"
    """The model with the NPU."""
    EVIDENCE = "evidence"
    """The model with the NPU and switches that print; its time does not count."""
    PROFILE = "profile"
    """With each operator's time; its time does not count."""
    OUTPUTS = "outputs"
    """One inference whose outputs were kept."""


@dataclass(frozen=True, slots=True)
class MeasuredModel(_Entry):
    """What was measured. `sha256` is that of the file as the user has it, `structure` that of its operators, shapes and
    types without weights; `compiled_sha256` and `compiled_by` are of the file that ran, empty if it is the same.
    """

    name: str
    sha256: str
    structure: str
    operators: int
    compiled_sha256: str = ""
    compiled_by: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredBoard(_Entry):
    """The board. `chip` is npufit's name, empty if unknown; `label` is chosen by its owner."""

    chip: str
    model: str
    compatible: tuple[str, ...]
    soc: str
    revision: str
    architecture: str
    cores: int | None
    label: str = ""


@dataclass(frozen=True, slots=True)
class UsedFile(_Entry):
    """A library, firmware or program that took part: its name without folder, digest, version."""

    kind: str
    name: str
    sha256: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredSoftware(_Entry):
    """The software. `tool` is what timed it (benchmark_model, litert-benchmark, python, bundle)."""

    kernel: str
    os: str
    bsp: str
    mesa: str
    tool: str
    tool_version: str
    runtime: str
    runtime_version: str
    files: tuple[UsedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class RunSettings(_Entry):
    """How it was run. `xnnpack` is None if the tool cannot say. `command` has names instead of paths."""

    threads: int
    processes: int
    xnnpack: bool | None
    governors: tuple[str, ...] = ()
    affinity: str = ""
    delegate: str = ""
    delegate_options: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredRun(_Entry):
    """One process. Times are milliseconds of an inference, None where the tool does not print them.

    `count` is the number of timed inferences, `calls` that of all inferences of the process, warm-up included.
    `initialization_ms` is everything before the first inference; `first_ms` is the first inference, compilation
    included. `counters` are the lines that counted on while it ran, by name. `problem` says why there is no time.
    """

    role: Role
    order: int
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
    counters: tuple[tuple[str, int], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SteadyTime(_Entry):
    """The time of one inference in the steady state over all processes, in milliseconds.

    `ms` is the median of the processes' medians (`statistic` median), or of their means where the tool prints no more
    (`statistic` mean); `low_ms` and `high_ms` are the lowest and highest of these, `min_ms` the fastest inference.
    """

    ms: float
    statistic: str
    low_ms: float
    high_ms: float
    min_ms: float | None
    processes: int
    initialization_ms: float | None = None
    first_ms: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence(_Entry):
    """One thing that was seen. `source` names it ('/proc/interrupts: ethosu'), `says` what it says of the model's run.

    Counter deltas are of the whole process: on the CPU alone, with the known network, with the model; None if there was
    no such run. `calls` are the inferences of the model's run. `assumes` is what must hold for it to prove anything.
    """

    source: str
    says: ProofVerdict
    sentence: str
    on_cpu: int | None = None
    known: int | None = None
    model: int | None = None
    known_calls: int | None = None
    calls: int | None = None
    assumes: str = ""


@dataclass(frozen=True, slots=True)
class Proof(_Entry):
    """Whether the NPU ran: the verdict, one sentence that says why, and all evidence, the strongest first."""

    verdict: ProofVerdict
    sentence: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class OperatorMeasurement(_Entry):
    """One operator, or the group of them that a profile shows as one row. `unit` is cpu or npu.

    `index` is its place in the model, None if the row cannot be assigned; `cycles` are of the NPU; `ms` may come from
    `cycles` and the clock that the chip's file has. `how` names where it comes from. `with_npu` is False in a profile
    of the CPU alone, where every operator has a row, and True in one of a run with the NPU; None if nothing tells.
    """

    unit: str
    type: str
    name: str
    index: int | None = None
    ms: float | None = None
    cycles: int | None = None
    calls: int = 1
    how: str = ""
    with_npu: bool | None = None


@dataclass(frozen=True, slots=True)
class ZoneConditions(_Entry):
    """A thermal zone over all runs, in degrees Celsius."""

    type: str
    before_c: float
    highest_c: float
    after_c: float
    trip_c: float | None


@dataclass(frozen=True, slots=True)
class ClockConditions(_Entry):
    """A CPU clock over all runs, in MHz."""

    cores: str
    governor: str
    before_mhz: float | None
    lowest_mhz: float | None
    after_mhz: float | None
    highest_mhz: float | None


@dataclass(frozen=True, slots=True)
class Conditions(_Entry):
    """Circumstances. `throttled` is True if it was seen, False if it would have been seen, None if nothing tells.

    `sentences` are what a reader must know: throttling, load by other programs, changed settings.
    """

    zones: tuple[ZoneConditions, ...] = ()
    clocks: tuple[ClockConditions, ...] = ()
    load_before: float | None = None
    load_after: float | None = None
    cma_free_before_kb: int | None = None
    cma_free_lowest_kb: int | None = None
    throttled: bool | None = None
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparedTensor(_Entry):
    """One output of the board beside LiteRT's reference kernels; differences are in steps of its quantization.

    `usual` is how far LiteRT's own default kernels are from its reference kernels in this output, None if unknown.
    """

    name: str
    type: str
    values: int
    different: int
    largest: float
    unit: str = "steps"
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class OutputComparison(_Entry):
    """Outputs of the board against `golden`, for the same input. `digest` is of the board's outputs.

    `is_rounding` says that they differ, but no more than LiteRT's own default kernels do on the same input.
    """

    golden: str
    input: str
    is_equal: bool
    digest: str
    tensors: tuple[ComparedTensor, ...]
    sentence: str = ""
    is_rounding: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether the outputs differ by more than right answers do."""
        return not (self.is_equal or self.is_rounding)

    @property
    def word(self) -> str:
        """The answer in a word."""
        return "equal" if self.is_equal else "rounding" if self.is_rounding else "DIFFERENT"


@dataclass(frozen=True, slots=True)
class PredictedTime(_Entry):
    """What npufit predicted before the measurement, in milliseconds. `origin` is the basis of the prediction.

    `ms` and its range are of the run with the NPU, those that begin with `cpu` of the CPU alone.
    """

    ms: float
    low_ms: float | None
    high_ms: float | None
    cpu_ms: float | None
    origin: str
    cpu_low_ms: float | None = None
    cpu_high_ms: float | None = None


@dataclass(frozen=True, slots=True)
class MeasuredPlacement(_Entry):
    """Operators on the NPU, partitions and calls. `source` says whether the board's log or npufit's rules tell it."""

    npu: int
    cpu: int
    partitions: int
    source: str


@dataclass(frozen=True, slots=True)
class Measurement(_Entry):
    """One model on one target with one set of settings, measured on one day.

    `target` is empty if only the CPU of an unknown chip was measured. `npu` is None if nothing was measured with the
    NPU, and always if the proof is contradicted. `day` is ISO 8601. `log` are lines of the tools that the verdicts come
    from, without anything that identifies a person or a machine.
    """

    made_by: str
    day: str
    model: MeasuredModel
    target: str
    board: MeasuredBoard
    software: MeasuredSoftware
    settings: RunSettings
    proof: Proof
    cpu: SteadyTime | None = None
    npu: SteadyTime | None = None
    placement: MeasuredPlacement | None = None
    predicted: PredictedTime | None = None
    predicted_unavailable: str = ""
    """Why there is no prediction, such as a CPU that is in no chip file."""
    outputs: OutputComparison | None = None
    operators: tuple[OperatorMeasurement, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    runs: tuple[MeasuredRun, ...] = ()
    problems: tuple[str, ...] = ()
    log: tuple[str, ...] = ()

    @property
    def chip(self) -> str:
        """npufit's name of the measured chip, the target's if the board told none; empty if it can be none of them.

        Whoever names a target for a PC, as for a virtual NPU, has measured neither the chip's CPU nor its NPU.
        """
        if self.board.chip or self.board.architecture in PC_ARCHITECTURES:
            return self.board.chip
        return self.target.partition("/")[0]
