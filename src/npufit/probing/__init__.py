"""probe: find a closed converter's limits by asking it, explain what no limit explains, shrink what breaks it."""

from npufit.probing.options import Command, ProbeOptions
from npufit.probing.result import ProbeResult

__all__ = ["Command", "ProbeOptions", "ProbeResult"]
