"""Exit codes of the command line; documented in `--help` and in docs/."""

from __future__ import annotations

FINE = 0
NOT_MET = 1
"""The question was answered with no: a gate failed, tensors differ, a kernel refuses."""
WRONG_INPUT = 2
TOOL_FAILED = 3
BUG = 70
DEVICE_FAILED = 125
"""vnpu: the virtual device could not go on, so the program was killed."""
NOT_EXECUTABLE = 126
NOT_FOUND = 127
"""vnpu: there is no program of that name."""
INTERRUPTED = 130
