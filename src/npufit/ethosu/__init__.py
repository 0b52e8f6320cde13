"""The Ethos-U55 and U65 command stream: decode, disassemble, simulate."""

from npufit.ethosu.decoding import Instruction, decode
from npufit.ethosu.disassembly import disassemble
from npufit.ethosu.machine import Listener, Machine, Run
from npufit.ethosu.program import CompiledCall, Program, read_programs, strip_header
from npufit.ethosu.sanitizer import FindingKind, SanitizerFinding
from npufit.ethosu.statistics import Statistics

__all__ = [
    "CompiledCall",
    "FindingKind",
    "Instruction",
    "Listener",
    "Machine",
    "Program",
    "Run",
    "SanitizerFinding",
    "Statistics",
    "decode",
    "disassemble",
    "read_programs",
    "strip_header",
]
