"""disassemble: Ethos-U command streams as text, and whether a kernel would accept them."""

from npufit.disassembling.disassemble import DisassembleOptions, DisassembleResult, disassemble
from npufit.disassembling.streams import CommandStream, read_streams

__all__ = ["CommandStream", "DisassembleOptions", "DisassembleResult", "disassemble", "read_streams"]
