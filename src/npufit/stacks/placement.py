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
    """Where one operator runs. `finding` says why where it is not on the NPU; `note` adds what is worth knowing."""

    id: OperatorId
    unit: Unit
    evidence: Evidence
    partition: int | None = None
    finding: Finding | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hazard:
    """An operator that is not refused and whose answer is, or may be, wrong, or that crashes or stops the run.

    `operators` are indices in `subgraph`, the one at fault first; `message` says what happens in this graph, `effect`
    what comes of it. `certain` is False where the worst of it depends on what nobody can know beforehand: what memory
    holds, or a release that was not read.
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
    """Something worth knowing about this model on this target that is not tied to one operator."""

    text: str
    evidence: Evidence
    source: str


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes that the compiled model needs in one memory, and how many of them the chip gives it, where known."""

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
    """One operation on the NPU as the stack's compiler scheduled it, and what the compiler thinks that it takes.

    `operator` is None where the compiler does not say whose it is. `npu_cycles` are those of the
    arithmetic, `memory_cycles` those of the slowest memory, `total_cycles` what the compiler makes of both. Bytes are
    those that cross the bus of that memory at every inference, in whole bursts; `dram_efficiency` is the share of
    what is read that is of use, 0 to 1.
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
    """What the stack's compiler itself predicts for the NPU: its passes in the order of execution.

    `total_cycles` at `clock_hz` is the compiler's estimate of one inference, without the CPU's share.
    """

    clock_hz: float
    total_cycles: int
    passes: tuple[CompilerPass, ...]
    origin: str

    @property
    def total_ms(self) -> float:
        """Milliseconds of one inference, as the compiler sees it."""
        return self.total_cycles / self.clock_hz * 1e3


@dataclass(frozen=True, slots=True)
class NpuCount:
    """How many operators the NPU got, where only totals are known: `operators` of `total`, by the tool's own count.

    `partitions` is None where it is not known in how many calls; `near_output` says that they are the last ones.
    """

    operators: int
    total: int
    partitions: int | None
    near_output: bool
    evidence: Evidence
    origin: str


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
    """What kind of log decided, or None where there was none."""
    log_totals: str = ""
    """The totals of the log in words, empty where it gives none."""
    compiler_estimate: CompilerEstimate | None = None
    """What the stack's compiler predicts, where it ran here."""
    npu_count: NpuCount | None = None
    """Totals for this model, where they do not tell which operators they mean."""

    @property
    def status(self) -> Status:
        """Whether it is known where every operator runs."""
        unknown = any(operator.unit is Unit.UNKNOWN for operator in self.operators)
        return Status.PARTIAL if unknown else Status.COMPLETE
