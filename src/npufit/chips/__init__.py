"""One TOML file per chip: facts with units and sources, validated when read."""

from npufit.chips.chip import Chip, CpuCluster, Fact, Memory, Npu
from npufit.chips.reader import chip_names, load_chip, parse_chip

__all__ = ["Chip", "CpuCluster", "Fact", "Memory", "Npu", "chip_names", "load_chip", "parse_chip"]
