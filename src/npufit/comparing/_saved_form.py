"""The part of a saved check that is compared, as pydantic checks it; imported late because pydantic takes a twentieth
of a second.

Fields that are not compared are ignored, so that results of other versions of npufit can be read.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from npufit.stacks import Effect, Unit

MOST_OPERATORS = 100_000
_Count = Annotated[int, Field(ge=0, lt=1 << 53)]
_Index = Annotated[int, Field(ge=0, lt=1 << 31)]
_Ms = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
_Text = Annotated[str, Field(max_length=20_000)]
_Texts = Annotated[list[_Text], Field(max_length=10_000)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class OperatorForm(_Form):
    """An operator and where it ran."""

    subgraph: _Index
    index: _Index
    type: _Text
    outputs: _Texts
    unit: Unit
    rule: _Text | None
    reason: _Text | None
    limit: _Text | None
    found: _Text | None


class HazardForm(_Form):
    """A hazard; the operator at fault comes first."""

    id: _Text
    effect: Effect
    certain: bool
    subgraph: _Index
    operators: Annotated[list[_Index], Field(min_length=1, max_length=MOST_OPERATORS)]
    statement: _Text
    message: _Text


class PartitionForm(_Form):
    """A call of the NPU."""

    boundary_bytes: _Count


class MemoryUseForm(_Form):
    """Bytes needed in one memory."""

    memory: _Text
    used_bytes: _Count
    limit_bytes: _Count | None


class MemoryForm(_Form):
    """Bytes that an inference needs."""

    model_bytes: _Count
    arena_bytes: _Count
    dram_traffic_bytes: _Count | None


class OperatorTimeForm(_Form):
    """The time of one operator."""

    subgraph: _Index
    index: _Index
    ms: _Ms


class EstimateForm(_Form):
    """Predicted times and memory."""

    total_ms: _Ms
    low_ms: _Ms
    high_ms: _Ms
    npu_ms: _Ms
    cpu_ms: _Ms
    overhead_ms: _Ms
    cpu_only_ms: _Ms
    threads: Annotated[int, Field(ge=1, le=1024)]
    operators: Annotated[list[OperatorTimeForm], Field(max_length=MOST_OPERATORS)]
    memory: MemoryForm


class ResultForm(_Form):
    """The answer for one target."""

    target: Annotated[str, Field(min_length=1, max_length=200)]
    profile: _Text | None
    operators: Annotated[list[OperatorForm], Field(max_length=MOST_OPERATORS)]
    partitions: Annotated[list[PartitionForm], Field(max_length=MOST_OPERATORS)]
    hazards: Annotated[list[HazardForm], Field(max_length=MOST_OPERATORS)]
    memory: Annotated[list[MemoryUseForm], Field(max_length=100)]
    estimate: EstimateForm | None


class ModelForm(_Form):
    """The model that was checked."""

    name: _Text


class CheckForm(_Form):
    """A whole file of `npufit check --json`."""

    schema_version: Literal[1, 2]
    npufit_version: Annotated[str, Field(max_length=100)]
    model: ModelForm
    results: Annotated[list[ResultForm], Field(min_length=1, max_length=1000)]
