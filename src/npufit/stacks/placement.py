"""Placement: for every operator of a model, where it runs and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from npufit.graph import OperatorId
from npufit.stacks.rule import Effect, Evidence, Finding, Remedy, Rule
from npufit.stacks.target import Target


class Unit(StrEnum):
    """Where an operator runs."""

    NPU = "npu"
    CPU = "cpu"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OperatorPlacement:
    """Where one operator runs. `finding` says why if it is not on the NPU; `note` adds a remark."""

    id: OperatorId
    unit: Unit
    evidence: Evidence
    partition: int | None = None
    finding: Finding | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hazard:
    """An operator that is accepted although its answer is, or may be, wrong, or although it crashes or stops the run.

    `operators` are indices in `subgraph`, the one at fault first; `message` says what happens in this graph, `effect`
    the consequence. `certain` is False if the worst depends on something unknowable in advance: the content of memory,
    or a release that was not read.
    """

    rule: Rule
    subgraph: int
    operators: tuple[int, ...]
    tensors: tuple[int, ...]
    message: str
    found: str
    remedies: tuple[Remedy, ...]
    evidence: Evidence
    effect: Effect
    certain: bool = True

    @property
    def culprit(self) -> OperatorId:
        """The operator at fault."""
        return OperatorId(self.subgraph, self.operators[0])


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes that enter and leave a partition at every inference."""

    input_bytes: int
    output_bytes: int

    @property
    def total_bytes(self) -> int:
        """Bytes in both directions."""
        return self.input_bytes + self.output_bytes


@dataclass(frozen=True, slots=True)
class Partition:
    """Operators that one NPU call executes, and the tensors that cross its boundary at every inference.

    `operators`, `inputs` and `outputs` are indices in `subgraph`; constants do not count as inputs.
    """

    index: int
    subgraph: int
    operators: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that the placement depends on, and where its value comes from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about this model on this target that is not tied to one operator."""

    text: str
    evidence: Evidence
    source: str


@dataclass(frozen=True, slots=True)
class Report:
    """What others observed of this network, in words that fit it at any size, and where they say so."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes that the compiled model needs in one memory, and the chip's size of it if known."""

    memory: str
    used_bytes: int
    limit_bytes: int | None
    origin: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a log or a compiled file contradicts the rules; `operator` is None for totals."""

    operator: OperatorId | None
    what: str
    predicted: str
    observed: str


@dataclass(frozen=True, slots=True)
class CompilerPass:
    """One operation on the NPU as the stack's compiler scheduled it, with the compiler's expected time.

    `operator` is None if the compiler does not say whose it is. `npu_cycles` are those of the arithmetic,
    `memory_cycles` those of the slowest memory, `total_cycles` the compiler's total for both. Bytes are those that
    cross the bus of that memory at every inference, in whole bursts; `dram_efficiency` is the useful share of reads, 0
    to 1.
    """

    partition: int
    operator: OperatorId | None
    kind: str
    macs: int
    npu_cycles: int
    memory_cycles: int
    total_cycles: int
    sram_bytes: int
    dram_read_bytes: int
    dram_write_bytes: int
    dram_weight_bytes: int
    dram_efficiency: float


@dataclass(frozen=True, slots=True)
class CompilerEstimate:
    """The own prediction of the stack's compiler for the NPU: its passes in execution order.

    `total_cycles` at `clock_hz` is the compiler's estimate of one inference, without the CPU's share.
    """

    clock_hz: float
    total_cycles: int
    passes: tuple[CompilerPass, ...]
    origin: str

    @property
    def total_ms(self) -> float:
        """Milliseconds of one inference, according to the compiler."""
        return self.total_cycles / self.clock_hz * 1e3


@dataclass(frozen=True, slots=True)
class NpuCount:
    """How many operators the NPU got, if only totals are known: `operators` of `total`, by the tool's own count.

    `partitions` is None if the number of calls is unknown; `near_output` says that they are the last operators.
    """

    operators: int
    total: int
    partitions: int | None
    near_output: bool
    evidence: Evidence
    origin: str


@dataclass(frozen=True, slots=True)
class LibraryRun:
    """A real library that decided: its file's name, its version, and how it ended if it did not load the model.

    `version` is empty if the file does not tell it. `ended` is empty, or such as `died of signal SIGSEGV in Prepare at
    operator 84, RESHAPE`.
    """

    file: str
    version: str
    ended: str = ""

    @property
    def name(self) -> str:
        """The file with its version, such as `libteflon.so (Mesa 26.2.6)`."""
        return f"{self.file} (Mesa {self.version})" if self.version else self.file


class Status(StrEnum):
    """Whether the question was answered."""

    COMPLETE = "complete"
    """Every operator has a unit."""
    PARTIAL = "partial"
    """Some operators are unknown."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where every operator of a model runs on a target, in the order of subgraphs and operators."""

    target: Target
    operators: tuple[OperatorPlacement, ...] = ()
    partitions: tuple[Partition, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    settings: tuple[Setting, ...] = ()
    notes: tuple[Note, ...] = ()
    memory: tuple[MemoryUse, ...] = ()
    differences: tuple[Difference, ...] = ()
    log: str | None = None
    """The kind of log that decided, None without one."""
    log_totals: str = ""
    """The totals of the log in words, empty if it gives none."""
    library: LibraryRun | None = None
    """The real library that printed the log on a virtual device; None if none was run."""
    compiler_estimate: CompilerEstimate | None = None
    """The prediction of the stack's compiler, if it ran here."""
    npu_count: NpuCount | None = None
    """Totals for this model that do not say which operators they mean."""
    reports: tuple[Report, ...] = ()
    """What others observed of this network, also at other sizes."""
    refusal: str = ""
    """What the target's driver does not run although it is placed on the NPU, in words; empty if there is nothing."""

    @property
    def status(self) -> Status:
        """Whether the placement of every operator is known."""
        unknown = any(operator.unit is Unit.UNKNOWN for operator in self.operators)
        return Status.PARTIAL if unknown else Status.COMPLETE
