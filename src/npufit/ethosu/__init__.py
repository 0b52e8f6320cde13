"""The Ethos-U55 and U65 command stream: decode, disassemble, simulate."""

from npufit.ethosu.decoding import Instruction, decode
from npufit.ethosu.disassembly import disassemble
from npufit.ethosu.machine import Listener, Machine, Run
from npufit.ethosu.program import CompiledCall, Program, read_programs
from npufit.ethosu.sanitizer import FindingKind, SanitizerFinding

__all__ = [
    "CompiledCall",
    "FindingKind",
    "Instruction",
    "Listener",
    "Machine",
    "Program",
    "Run",
    "SanitizerFinding",
    "decode",
    "disassemble",
    "read_programs",
]
