"""One TOML file per chip: everything in which chips differ, with units and sources."""

from npufit.chips.catalogue import VARIABLE, chip_names, chips_of, is_packaged, load_chip
from npufit.chips.chip import Chip, CpuCluster, Fact, Memory, Npu, Recognition
from npufit.chips.reader import parse_chip

__all__ = [
    "VARIABLE",
    "Chip",
    "CpuCluster",
    "Fact",
    "Memory",
    "Npu",
    "Recognition",
    "chip_names",
    "chips_of",
    "is_packaged",
    "load_chip",
    "parse_chip",
]
