"""What is known about one chip: facts, each with its unit and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NO_SETTINGS: Mapping[str, Fact] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fact:
    """One value and its source. `unit` is None for names and other values without one."""

    value: bool | int | float | str
    unit: str | None
    source: str

    def __str__(self) -> str:
        """Return the value with its unit, such as `96 KiB`."""
        return f"{self.value} {self.unit}" if self.unit else str(self.value)


@dataclass(frozen=True, slots=True)
class CpuCluster:
    """Cores of one kind. `clock` is the highest operating point, None if no source gives it."""

    kind: Fact
    cores: Fact
    clock: Fact | None


@dataclass(frozen=True, slots=True)
class Npu:
    """The accelerator. `peak` is what its maker advertises; fields are None if no source gives them."""

    name: Fact
    cores: Fact | None
    macs_per_cycle: Fact | None
    clock: Fact | None
    peak: Fact | None


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory of the chip and its size."""

    name: str
    size: Fact


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a board with this chip says: entries of its device tree's `compatible`, and of Linux's `soc_id`."""

    compatible: tuple[Fact, ...] = ()
    soc: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip. `missing` lists in sentences what is unknown, so that nobody mistakes a gap for a zero.

    `stacks` has what the chip sets for each stack that it runs. `cpu_times` says what its times on the CPU are made
    with, and `measured_as` how tables of public measurements call it. `device` has the values by which a driver of the
    `teflon` stack recognizes the chip. All three are empty where there are none. `recognition` is how a board
    tells that it has the chip; no board is recognized by an empty one.
    """

    name: str
    title: str
    cpu: tuple[CpuCluster, ...]
    npu: Npu
    memories: tuple[Memory, ...]
    stacks: Mapping[str, Mapping[str, Fact]]
    device: Mapping[str, Fact]
    cpu_times: Mapping[str, Fact]
    measured_as: str
    missing: tuple[str, ...]
    recognition: Recognition = field(default_factory=Recognition)

    def stack_settings(self, stack: str) -> Mapping[str, Fact]:
        """Return the chip's settings for `stack`, by name; empty if the stack needs none or does not run here."""
        return self.stacks.get(stack, NO_SETTINGS)
