"""disassemble: command streams of the Ethos-U as text, and whether a kernel would accept them."""
