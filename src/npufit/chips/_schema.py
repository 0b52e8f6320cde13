"""The form of a chip file, as pydantic checks it; imported late because pydantic takes a twentieth of a second."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FactForm(_Strict):
    """A fact: numbers have a unit, names have none, everything has a source."""

    value: bool | int | float | str
    unit: str | None = Field(default=None, min_length=1)
    source: str = Field(min_length=8)

    @model_validator(mode="after")
    def _unit_belongs_to_numbers(self) -> Self:
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        if is_number and self.unit is None:
            raise ValueError("a number needs a unit")
        if not is_number and self.unit is not None:
            raise ValueError("only a number has a unit")
        return self


class CpuForm(_Strict):
    """One `[[cpu]]` table."""

    kind: FactForm
    cores: FactForm
    clock: FactForm | None = None


class NpuForm(_Strict):
    """The `[npu]` table."""

    name: FactForm
    cores: FactForm | None = None
    macs_per_cycle: FactForm | None = None
    clock: FactForm | None = None
    peak: FactForm | None = None


class MemoryForm(_Strict):
    """One `[[memory]]` table."""

    name: str = Field(min_length=1)
    size: FactForm


class CpuTimesForm(_Strict):
    """The `[cpu_times]` table: what the public times of this CPU were measured with."""

    kernels: FactForm
    clock: FactForm | None = None
    dot_product: FactForm | None = None
    prior: FactForm | None = None


class RecognitionForm(_Strict):
    """The `[recognition]` table: how a board tells that it has this chip."""

    compatible: list[FactForm] = []
    soc: list[FactForm] = []


class ChipForm(_Strict):
    """A whole chip file."""

    title: str = Field(min_length=1)
    cpu: list[CpuForm] = Field(min_length=1)
    npu: NpuForm
    memory: list[MemoryForm] = []
    stacks: dict[str, dict[str, FactForm]] = {}
    device: dict[str, FactForm] = {}
    recognition: RecognitionForm | None = None
    cpu_times: CpuTimesForm | None = None
    measured_as: str = ""
    missing: list[str] = []
