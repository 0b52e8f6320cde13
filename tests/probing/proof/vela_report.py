"""Vela's own report of what it takes: `vela --supported-ops-report`, as sentences for each operator."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_GENERIC = "## Ethos-U55 and Ethos-U65 TFLite Generic Constraints"
_SPECIFIC = "### Ethos-U55 and Ethos-U65 TFLite {} Constraints"
_ITEM = re.compile(r"^( *)- (.*\S)\s*$")
_EXCEPTIONS = re.compile(r"Exceptions: \[(.*)\]")


def write_report(folder: Path) -> str:
    """Return the report that Vela writes into `folder`."""
    command = [sys.executable, "-m", "ethosu.vela", "--supported-ops-report"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return (folder / "SUPPORTED_OPS.md").read_text(encoding="utf-8")


def sentences_of(report: str, operator: str) -> list[str]:
    """Return what the report states about `operator` on the Ethos-U65; parts of a condition are joined with ` / `."""
    return [*_statements(report, _GENERIC, operator), *_statements(report, _SPECIFIC.format(operator), operator)]


def _statements(report: str, heading: str, operator: str) -> list[str]:
    if heading not in report:
        return []
    _, _, rest = report.partition(f"{heading}\n")
    section = re.split(r"^#{2,3} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    statements: list[str] = []
    for match in filter(None, map(_ITEM.match, section.splitlines())):
        indent, text = match.groups()
        exceptions = _EXCEPTIONS.match(text)
        if exceptions is not None:
            if operator in exceptions[1].replace("ARGMAX", "ARG_MAX").split(", "):
                statements.pop()
        elif indent:
            statements[-1] += f" / {text}"
        else:
            statements.append(text)
    return statements
