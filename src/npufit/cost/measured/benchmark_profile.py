"""The table of operators in a log of benchmark_model (`--enable_op_profiling=true`), separated by tabs or spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from npufit.cost.measured.observation import MOST_MS

_PROFILE = "Operator-wise Profiling Info for Regular Benchmark Runs"
_RUN_ORDER = "= Run Order ="
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,12})?(?:e[+-]?\d{1,3})?%?")
_INSIDE_XNNPACK = "Delegate/"
_MOST_CALLS = 1000
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One row: the operator's type, milliseconds of one call, and how often an inference calls it.

    `name` has the operator's outputs, `index` its place among the nodes of the model and its delegates, None if none.
    """

    kind: str
    ms: float
    calls: int
    name: str = ""
    index: int | None = None

    @property
    def is_inside_xnnpack(self) -> bool:
        """True if it is a kernel of XNNPACK: its names are its own, and its index counts within XNNPACK's node."""
        return self.name.startswith(_INSIDE_XNNPACK)


def read_profile_rows(lines: Iterable[str]) -> tuple[ProfileRow, ...]:
    """Return the rows of the timed inferences in run order, those of XNNPACK's kernels included."""
    waiting = iter(lines)
    for line in waiting:
        if _PROFILE in line:
            break
    for line in waiting:
        if _RUN_ORDER in line:
            return tuple(_rows(waiting))
    return ()


def _rows(lines: Iterator[str]) -> Iterator[ProfileRow]:
    header = [cell.lower() for cell in re.findall(r"\[([^\]\n]{1,40})\]", next(lines, ""))]
    if header[:1] != ["node type"] or header[-1:] != ["name"] or "avg ms" not in header:
        return
    numbers = header[1:-1]
    average = numbers.index("avg ms")
    called = numbers.index("times called") if "times called" in numbers else None
    for line in lines:
        found = _row(line, len(numbers))
        if found is None:
            return
        kind, cells, name = found
        ms = float(cells[average].rstrip("%"))
        calls = float(cells[called].rstrip("%")) if called is not None else 1
        if ms <= MOST_MS:
            label, _, index = name.rpartition(":")
            place = int(index) if label and index.isascii() and index.isdigit() and len(index) <= _MOST_DIGITS else None
            yield ProfileRow(kind, ms, int(calls) if 1 <= calls <= _MOST_CALLS else 1, label or name, place)


def _row(line: str, count: int) -> tuple[str, list[str], str] | None:
    """Return type, numbers and name: a type may contain spaces, and `count` numbers stand between type and name."""
    words = line.split()
    for start in range(1, len(words) - count + 1):
        cells = words[start : start + count]
        if all(map(_NUMBER.fullmatch, cells)):
            return " ".join(words[:start]), cells, " ".join(words[start + count :])
    return None
