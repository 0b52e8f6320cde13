"""Exit codes of the command line; documented in `--help` and in docs/."""

from __future__ import annotations

FINE = 0
NOT_MET = 1
"""The question was answered with no: a gate failed, tensors differ, a kernel refuses."""
WRONG_INPUT = 2
TOOL_FAILED = 3
BUG = 70
INTERRUPTED = 130
