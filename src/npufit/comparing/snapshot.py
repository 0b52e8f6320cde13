"""What a check said, in the form in which it is compared: made now, or read from a file of `npufit check --json`."""

from __future__ import annotations

from dataclasses import dataclass, field

from npufit.checking import CheckResult
from npufit.graph import OperatorId
from npufit.stacks import Effect, Unit

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """The rule that keeps an operator off the NPU: its id, its statement, what would pass, and the value found."""

    rule: str
    statement: str
    limit: str
    found: str


@dataclass(frozen=True, slots=True)
class SnapshotOperator:
    """Where one operator ran.

    `outputs` are the names of the tensors that it writes, `shapes` theirs; None if the snapshot was read from a file,
    which does not have them. `reason` is None unless a rule keeps the operator off the NPU. `ms` is its predicted time
    where it runs; None if unknown.
    """

    id: OperatorId
    type: str
    outputs: tuple[str, ...]
    shapes: tuple[Shape, ...] | None
    unit: Unit
    reason: Reason | None
    ms: float | None


@dataclass(frozen=True, slots=True)
class SnapshotHazard:
    """An operator that was accepted and still goes wrong; `operators` has the one at fault first."""

    rule: str
    effect: Effect
    certain: bool
    operators: tuple[OperatorId, ...]
    statement: str
    message: str


@dataclass(frozen=True, slots=True)
class SnapshotMemory:
    """Bytes that an inference needs of one kind of memory; `limit_bytes` is None if the chip's is unknown."""

    name: str
    used_bytes: int
    limit_bytes: int | None = None

    @property
    def fits(self) -> bool:
        """Whether it is known to be enough, or no limit is known."""
        return self.limit_bytes is None or self.used_bytes <= self.limit_bytes


def memory_of_inference(model_bytes: int, arena_bytes: int, traffic_bytes: int | None) -> tuple[SnapshotMemory, ...]:
    """Return the constants, the peak of activations, and the traffic between NPU and DRAM unless it is unknown."""
    traffic = () if traffic_bytes is None else (SnapshotMemory("traffic between NPU and DRAM", traffic_bytes),)
    return SnapshotMemory("constants", model_bytes), SnapshotMemory("peak of activations", arena_bytes), *traffic


@dataclass(frozen=True, slots=True)
class SnapshotTime:
    """Predicted milliseconds of one inference.

    `total_ms` and its parts are None if the placement is unknown; `low_ms` and `high_ms` then span what is possible,
    and are None if nothing bounds them.
    """

    total_ms: float | None
    low_ms: float | None
    high_ms: float | None
    npu_ms: float | None
    cpu_ms: float | None
    overhead_ms: float | None
    cpu_only_ms: float | None
    threads: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where every operator of a model ran on a target, and what that cost.

    `target` is written as the user writes it, `profile` names a board's own coefficients. `file` is the file that the
    snapshot was read from, empty for a check made now; `npufit_version` is the version that made it. `boundary_bytes`
    cross the boundaries of partitions at every inference. `time` is None if there was nothing to predict it from.
    `check` is the check that was made now; None if the snapshot was read from a file.
    """

    model: str
    target: str
    profile: str
    file: str
    npufit_version: str
    operators: tuple[SnapshotOperator, ...]
    hazards: tuple[SnapshotHazard, ...]
    partitions: int
    boundary_bytes: int
    memory: tuple[SnapshotMemory, ...]
    time: SnapshotTime | None
    check: CheckResult | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The target in words, with the board's profile if there is one."""
        return f"{self.target}, {self.profile}" if self.profile else self.target

    def count(self, unit: Unit) -> int:
        """Return how many operators ran on `unit`."""
        return sum(operator.unit is unit for operator in self.operators)
