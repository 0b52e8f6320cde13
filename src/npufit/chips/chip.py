"""What is known about one chip: facts, each with its unit and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NO_SETTINGS: Mapping[str, Fact] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fact:
    """One value with where it was read. `unit` is None for names and other values that have none."""

    value: bool | int | float | str
    unit: str | None
    source: str

    def __str__(self) -> str:
        """Return the value with its unit, such as `96 KiB`."""
        return f"{self.value} {self.unit}" if self.unit else str(self.value)


@dataclass(frozen=True, slots=True)
class CpuCluster:
    """Cores of one kind. `clock` is the highest operating point, None where no source gives it."""

    kind: Fact
    cores: Fact
    clock: Fact | None


@dataclass(frozen=True, slots=True)
class Npu:
    """The accelerator. `peak` is what its maker advertises; fields are None where no source gives them."""

    name: Fact
    cores: Fact | None
    macs_per_cycle: Fact | None
    clock: Fact | None
    peak: Fact | None


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory of the chip and how large it is."""

    name: str
    size: Fact


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip. `missing` says in sentences what is not known, so that nobody takes a gap for a zero."""

    name: str
    title: str
    cpu: tuple[CpuCluster, ...]
    npu: Npu
    memories: tuple[Memory, ...]
    stacks: Mapping[str, Mapping[str, Fact]]
    missing: tuple[str, ...]

    def stack_settings(self, stack: str) -> Mapping[str, Fact]:
        """Return what the chip sets for `stack`, by name; empty where the stack needs nothing or does not run here."""
        return self.stacks.get(stack, NO_SETTINGS)
